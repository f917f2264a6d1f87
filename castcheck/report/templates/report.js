"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const readout = document.querySelector(".readout");

  // What the pointer is on, in words: on a phone there is no hover, a tap says it.
  const say = (event) => {
    const target = event.target.closest("[title]");
    if (target && readout) readout.textContent = target.title;
  };
  const timeline = document.querySelector("#timeline");
  if (timeline) {
    ["pointerover", "focusin", "click"].forEach((name) => timeline.addEventListener(name, say));
  }

  // A closer look at the timeline.
  const zoom = document.querySelector(".zoom");
  if (zoom) {
    zoom.hidden = false;
    const box = document.querySelector(".axis-box");
    let level = 0;
    zoom.addEventListener("click", (event) => {
      const step = Number(event.target.dataset.zoom || 0);
      level = Math.min(5, Math.max(0, level + step));
      box.style.setProperty("--zoom", 2 ** level);
      box.toggleAttribute("data-closer", level > 0); // room for every label of the ruler
      zoom.querySelector("output").textContent = `${2 ** level}×`;
    });
  }

  // A link to something inside a closed fold opens the fold.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) {
      fold.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Only the findings of one severity.
  const filter = document.querySelector(".filter");
  if (filter) {
    filter.hidden = false;
    filter.addEventListener("click", (event) => {
      const wanted = event.target.dataset.filter;
      if (wanted === undefined) return;
      all("button", filter).forEach((b) => b.setAttribute("aria-pressed", String(b === event.target)));
      all("article.finding").forEach((card) => {
        card.hidden = wanted !== "" && card.dataset.severity !== wanted;
      });
    });
  }

  // n and p step through the findings.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !["n", "p"].includes(event.key)) return;
    if (event.target.matches("input, select")) return;
    const cards = all("article.finding:not([hidden])");
    const now = cards.findIndex((card) => `#${card.id}` === location.hash);
    const next = cards[event.key === "n" ? now + 1 : now - 1];
    if (next) location.hash = next.id;
  });
})();
