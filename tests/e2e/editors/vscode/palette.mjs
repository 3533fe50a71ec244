// A picture of the screen as a PNG of at most 256 colours: a third of the bytes, and nothing that an eye would see. The browser
// reads it, Node writes it; knows nothing of what it shows.
import { deflateSync, crc32 } from "node:zlib";

/** `page`: any page of the browser that lets scripts run; `shot`: a PNG. Gives another PNG. */
export async function withPalette(page, shot) {
  const { width, height, colours, pixels } = await page.evaluate(reduced, shot.toString("base64"));
  const indexes = Buffer.from(pixels, "base64");
  const rows = Buffer.alloc((width + 1) * height); // a row begins with its filter: 0, none
  for (let y = 0; y < height; y++) indexes.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]); // eight bits, a palette
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  const palette = Buffer.from(colours.flatMap((colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255]));
  const parts = [chunk("IHDR", head), chunk("PLTE", palette), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]);
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  body.copy(made, 4);
  made.writeUInt32BE(crc32(body), body.length + 4);
  return made;
}

/** Runs in the browser. The commonest colours, which are those of areas, are kept as they are. Of the others, edges of letters,
 * none is kept that is closer to a commoner one than `near`, which grows until 256 are enough; each becomes the nearest. */
async function reduced(base64) {
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const common = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const apart = (one, other) =>
    [0, 8, 16].reduce((sum, shift) => sum + (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
  let colours = common;
  for (let near = 4; colours.length > 256; near *= 1.5) {
    colours = common.slice(0, 64);
    for (const colour of common.slice(64)) {
      if (colours.every((kept) => apart(kept, colour) > near)) colours.push(colour);
      if (colours.length > 256) break;
    }
  }
  const index = new Map();
  for (const colour of common) {
    let best = 0;
    for (let at = 1; at < colours.length; at++) if (apart(colours[at], colour) < apart(colours[best], colour)) best = at;
    index.set(colour, best);
  }
  let text = "";
  for (const pixel of pixels) text += String.fromCharCode(index.get(pixel));
  return { width, height, colours, pixels: btoa(text) };
}
