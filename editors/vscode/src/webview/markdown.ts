// A model's Markdown as elements. Everything is made with `textContent`: no markup of the text's own, no link that leads
// anywhere, no image.

const FENCE = /^\s{0,3}(`{3,}|~{3,})(.*)$/;
const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)#*$/;
const SPAN = /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|\*(\S(?:.*?\S)?)\*/g;

/** Replaces what is in `place` by `text`. */
export function show(place: HTMLElement, text: string): void {
  place.replaceChildren(...blocks(text));
}

function blocks(text: string): HTMLElement[] {
  const made: HTMLElement[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  let paragraph: string[] = [];
  let list: HTMLElement | undefined;
  const flush = (): void => {
    if (paragraph.length > 0) {
      made.push(element("p", paragraph.join("\n")));
    }
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line);
    if (fence?.[1] !== undefined) {
      flush();
      list = undefined;
      const code: string[] = [];
      for (at += 1; at < lines.length && !(lines[at] ?? "").trim().startsWith(fence[1]); at += 1) {
        code.push(lines[at] ?? "");
      }
      const block = document.createElement("pre");
      block.tabIndex = 0; // a long line is scrolled with the keyboard
      block.append(Object.assign(document.createElement("code"), { textContent: code.join("\n") }));
      made.push(block);
      continue;
    }
    const item = ITEM.exec(line);
    if (item?.[2] !== undefined) {
      flush();
      if (list === undefined) {
        list = document.createElement(/^\s*\d/.test(line) ? "ol" : "ul");
        made.push(list);
      }
      list.append(element("li", item[2]));
      continue;
    }
    if (line.trim() === "") {
      flush();
      list = undefined;
      continue;
    }
    const heading = HEADING.exec(line);
    if (heading?.[1] !== undefined) {
      flush();
      list = undefined;
      made.push(element("h3", heading[1]));
    } else if (list?.lastElementChild && /^\s+\S/.test(line)) {
      list.lastElementChild.append(" ", ...spans(line.trim()));
    } else {
      list = undefined;
      paragraph.push(line);
    }
  }
  flush();
  return made;
}

function element(name: "p" | "li" | "h3", text: string): HTMLElement {
  const made = document.createElement(name);
  made.append(...spans(text));
  return made;
}

function spans(text: string): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let end = 0;
  for (const match of text.matchAll(SPAN)) {
    parts.push(text.slice(end, match.index));
    const name = match[2] !== undefined ? "code" : match[5] !== undefined ? "em" : "strong";
    const inner = match[2] ?? match[3] ?? match[4] ?? match[5] ?? "";
    parts.push(Object.assign(document.createElement(name), { textContent: inner }));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}
