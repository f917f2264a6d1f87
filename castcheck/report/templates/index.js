"use strict";
(() => {
  const { report, rows } = JSON.parse(document.getElementById("castcheck-data").textContent);
  const body = document.querySelector("tbody");
  const search = document.getElementById("search");
  const all = (query) => [...document.querySelectorAll(query)];
  const CHUNK = 200; // rows drawn at once: ten thousand pictures would stop the browser
  const RANK = { fail: 0, abstain: 1, pass: 3 }; // all that could not be judged: between
  const rank = (row) => RANK[row.word] ?? 2;
  rows.forEach((row, index) => {
    row.index = index;
    row.haystack = `${row.clip} ${row.text}`.toLowerCase();
  });

  // What is asked for lives in the address, so that a view can be shared and found again.
  const asked = new URLSearchParams(location.hash.slice(1));
  let matching = [];
  let drawn = 0;

  const values = {
    name: (row) => row.name.toLowerCase(),
    word: rank,
    text: (row) => row.text.toLowerCase(),
    consistency: (row) => row.consistency,
    seconds: (row) => row.seconds,
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null); // unknown comes last
    return typeof a === "string" ? collator.compare(a, b) : a - b;
  };
  const sorted = (list) => {
    const [key, way] = (asked.get("sort") || "word").split("-");
    const value = values[key] || values.word;
    const sign = way === "down" ? -1 : 1;
    return list.sort((x, y) => {
      const a = value(x), b = value(y);
      const order = a === null || b === null ? compare(a, b) : sign * compare(a, b);
      return order || x.index - y.index;
    });
  };

  const make = (name, look, text) => {
    const node = document.createElement(name);
    if (look) node.className = look;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const icon = (name) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const use = document.createElementNS(space, "use");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    return svg;
  };
  const inFolder = (row, file) => `${encodeURIComponent(row.folder)}/${file}`;

  const pictureCell = (row) => {
    const cell = make("td", "c-picture");
    const blank = make("i");
    if (row.folder === null) return cell.append(blank), cell;
    const picture = make("img");
    picture.loading = "lazy";
    picture.alt = "";
    picture.addEventListener("error", () => picture.replaceWith(blank));
    picture.src = inFolder(row, "poster.jpg");
    cell.append(picture);
    return cell;
  };
  const nameCell = (row) => {
    const cell = make("td");
    const name = make(row.folder === null ? "span" : "a", "row-name", row.name);
    if (row.folder !== null) name.href = inFolder(row, report);
    cell.append(name);
    if (row.where) cell.append(make("span", "row-path", row.where));
    return cell;
  };
  const textCell = (row) => {
    const cell = make("td", "c-text row-text");
    const kinds = make("span", "row-kinds");
    for (const kind of Object.keys(row.kinds)) {
      const spot = make("span", row.worst);
      spot.append(icon(kind));
      kinds.append(spot);
    }
    if (kinds.childElementCount) cell.append(kinds);
    cell.append(row.text);
    return cell;
  };
  const consistencyCell = (row) => {
    const cell = make("td", "c-number");
    if (row.consistency === null) return cell;
    const percent = Math.round(100 * row.consistency);
    const meter = make("span", "meter");
    const bar = make("i");
    bar.style.width = `${percent}%`;
    meter.append(bar);
    cell.append(`${percent} %`, meter);
    return cell;
  };
  const line = (row) => {
    const tr = make("tr");
    const verdict = make("span", `row-verdict ${row.look}`);
    verdict.append(icon(row.look === "broken" ? "abstain" : row.look), row.word);
    const verdictCell = make("td");
    verdictCell.append(verdict);
    tr.append(
      pictureCell(row), nameCell(row), verdictCell, textCell(row), consistencyCell(row),
      make("td", "c-number", row.length),
    );
    return tr;
  };

  const drawMore = () => {
    const next = matching.slice(drawn, drawn + CHUNK);
    drawn += next.length;
    body.append(...next.map(line));
    return next.length > 0;
  };
  const foot = make("div");
  document.querySelector(".table-box").append(foot);
  new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting)) drawMore();
  }, { rootMargin: "800px" }).observe(foot);

  const show = () => {
    const words = (asked.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = asked.get("only"), kind = asked.get("kind");
    matching = sorted(rows.filter((row) =>
      (!outcome || row.word === outcome) && (!kind || kind in row.kinds)
      && words.every((word) => row.haystack.includes(word))));
    drawn = 0;
    body.replaceChildren();
    drawMore();
    document.querySelector(".empty").hidden = matching.length > 0;
    document.querySelector(".shown-count").textContent =
      matching.length === rows.length ? "" : `${matching.length} of ${rows.length}`;
    all(".outcome").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.word === outcome)));
    all(".kind").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.kind === kind)));
    const [key, way] = (asked.get("sort") || "word").split("-");
    all("th[data-sort]").forEach((th) => {
      th.removeAttribute("aria-sort");
      if (th.dataset.sort === key) th.setAttribute("aria-sort", way === "down" ? "descending" : "ascending");
    });
  };
  const ask = (key, value) => {
    if (value) asked.set(key, value); else asked.delete(key);
    history.replaceState(null, "", asked.size ? `#${asked}` : location.pathname + location.search);
    show();
  };
  const toggle = (key, value) => ask(key, asked.get(key) === value ? "" : value);

  search.value = asked.get("q") || "";
  search.addEventListener("input", () => ask("q", search.value.trim()));
  all(".outcome").forEach((b) => b.addEventListener("click", () => toggle("only", b.dataset.word)));
  all(".kind").forEach((b) => b.addEventListener("click", () => toggle("kind", b.dataset.kind)));
  all("th[data-sort]").forEach((th) => th.addEventListener("click", () => {
    const key = th.dataset.sort;
    ask("sort", asked.get("sort") === key || (key === "word" && !asked.has("sort")) ? `${key}-down` : key);
  }));
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  show();
})();
