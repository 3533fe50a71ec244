(() => {
  "use strict";
  const root = document.documentElement;
  const KEY = "glossator-theme";
  const MOST = 40;

  // A page from the disk may not be allowed to keep anything.
  const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (value) => { try { localStorage.setItem(KEY, value); } catch { /* this page alone, then */ } };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  if (["dark", "light"].includes(kept())) root.dataset.theme = kept();

  function themes() {
    const button = document.getElementById("theme");
    const tell = () => button.setAttribute("aria-pressed", String(isDark()));
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(root.dataset.theme);
      tell();
    });
    system.addEventListener("change", tell);
    tell();
  }

  // Where there is no margin the glosses are folded under their definitions, all but the one that was asked for.
  function folds() {
    const glosses = [...document.querySelectorAll("details.gloss")];
    const narrow = matchMedia("screen and (max-width: 60rem)");
    const fold = () => glosses.forEach((each) => { each.open = !narrow.matches; });
    const reveal = () => {
      const place = document.getElementById(location.hash.slice(1));
      const own = place?.matches("details") ? [place] : place?.querySelectorAll(":scope > .margin > details");
      own?.forEach((each) => { each.open = true; });
    };
    narrow.addEventListener("change", fold);
    addEventListener("hashchange", reveal);
    addEventListener("beforeprint", () => glosses.forEach((each) => { each.open = true; }));
    addEventListener("afterprint", fold);
    fold();
    reveal();
  }

  // The lower the better: the name itself, what it begins with, a part of it, its path.
  function rank(words, name, path) {
    const own = name.slice(name.lastIndexOf(".") + 1);
    let total = 0;
    for (const word of words) {
      if (own === word) total += 0;
      else if (own.startsWith(word)) total += 1;
      else if (name.startsWith(word)) total += 2;
      else if (name.includes(word)) total += 3;
      else if (path.includes(word)) total += 5;
      else return -1;
    }
    return total * 1000 + name.length;
  }

  function search() {
    const known = JSON.parse(document.getElementById("definitions").textContent);
    const [query, count, list] = ["query", "count", "found"].map((id) => document.getElementById(id));
    const box = query.parentElement;
    box.hidden = false;
    const rows = known.definitions.map(([name, kind, page, place]) => {
      const [path, file] = known.pages[page];
      return { name, kind, path, address: `${file}#${place}`, lower: name.toLowerCase(), where: path.toLowerCase() };
    });

    function link(row) {
      const item = document.createElement("li");
      const anchor = item.appendChild(document.createElement("a"));
      anchor.href = row.address;
      for (const [tag, text] of [["code", row.name], ["span", `${row.kind}, ${row.path}`]]) {
        anchor.appendChild(document.createElement(tag)).textContent = text;
      }
      return item;
    }

    function show() {
      const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows
        .map((row) => [rank(words, row.lower, row.where), row])
        .filter(([score]) => words.length && score >= 0)
        .sort(([one], [other]) => one - other);
      list.replaceChildren(...found.slice(0, MOST).map(([, row]) => link(row)));
      list.hidden = !found.length;
      count.textContent = words.length ? `${found.length} found` : "";
    }

    function close() {
      list.hidden = true;
    }

    query.addEventListener("input", show);
    query.addEventListener("focus", () => { if (query.value) show(); });
    list.addEventListener("click", close);
    box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) close(); });
    box.addEventListener("keydown", (event) => {
      const links = [...list.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      if (event.key === "Escape") {
        query.value = "";
        show();
        query.focus();
      } else if (event.key === "Enter" && event.target === query && links.length) {
        links[0].click();
      } else if (event.key === "ArrowDown" && links.length) {
        links[Math.min(at + 1, links.length - 1)].focus();
      } else if (event.key === "ArrowUp" && at >= 0) {
        (links[at - 1] ?? query).focus();
      } else {
        return;
      }
      event.preventDefault();
    });
    addEventListener("keydown", (event) => {
      const writing = ["INPUT", "TEXTAREA"].includes(event.target.tagName);
      if (event.key !== "/" || writing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      query.focus();
      query.select();
    });
  }

  addEventListener("DOMContentLoaded", () => {
    themes();
    folds();
    search();
  });
})();
