"use strict";
// The report plays its clip, and keeps what is decided in this browser until it is exported.
(() => {
  const data = JSON.parse(document.getElementById("castcheck-data").textContent);
  const { play: clip, sources } = data;
  const find = (query) => document.querySelector(query);
  const section = find("#play");
  const { Player, around } = globalThis.castcheck;
  const INSTEAD = { annotated: "annotated.mp4 beside this page" };

  // The clip.
  let player = null;
  const startPlayer = async () => {
    const embedded = document.getElementById("castcheck-video");
    const tried = [...sources];
    if (embedded) {
      const bytes = Uint8Array.from(atob(embedded.textContent.trim()), (char) => char.charCodeAt(0));
      tried.unshift({ kind: "clip", url: URL.createObjectURL(new Blob([bytes], { type: embedded.dataset.type })) });
    }
    if (!tried.length) return;
    section.hidden = false;
    player = new Player(find("#stage"), {
      onFrame: (frame) => {
        find("#frame").textContent = `frame ${frame} of ${clip.frames} · ${player.beat.start(frame).toFixed(2)} s`;
        const head = find("#timeline .playhead");
        if (head) head.hidden = false;
        if (head) head.style.left = `${(100 * player.beat.start(frame)) / (clip.duration_s || 1)}%`;
      },
      onState: (playing) => {
        const button = find("[data-play=toggle]");
        button.textContent = playing ? "❚❚" : "▶";
        button.setAttribute("aria-label", playing ? "Pause" : "Play");
      },
    });
    const shown = await player.load(clip, tried);
    const failed = player.failed.some((source) => source.kind === "clip");
    const note = find("#play-note");
    if (!shown) {
      note.textContent = "The clip is not where it was, or this browser cannot play it: "
        + `${sources.length ? decodeURI(sources[0].url) : "the clip in this page"}. --embed-video puts it into the page.`;
      find("#play .controls").hidden = true;
    } else if (shown.kind !== "clip") {
      note.textContent = `${failed ? "The clip is not where it was, or this browser cannot play it. " : ""}Shown is ${INSTEAD[shown.kind]}.`;
    }
    note.hidden = !note.textContent;
    if (shown) document.querySelectorAll(".watch").forEach((node) => { node.hidden = false; });
  };
  const watch = (card) => {
    const finding = clip.findings.find((f) => f.id === card.dataset.id);
    player.marked = finding.tracks;
    setLoop(around(player.beat, finding));
    section.scrollIntoView({ block: "start" });
    player.seek(player.loop[0]);
    player.play();
  };
  // Loop once more around what was watched last, else around the whole clip.
  let stretch = null;
  const setLoop = (loop) => {
    stretch = loop || stretch;
    player.loop = loop;
    find("[data-play=loop]").setAttribute("aria-pressed", String(Boolean(loop)));
  };
  const act = {
    toggle: () => player.toggle(),
    back: () => player.step(-1),
    forward: () => player.step(1),
    loop: () => setLoop(player.loop ? null : stretch || [0, player.beat.frames]),
    boxes: () => {
      player.boxes = !player.boxes;
      find("[data-play=boxes]").setAttribute("aria-pressed", String(player.boxes));
      player.paint();
    },
  };

  // Decisions: lines that are only ever added, as in decisions.jsonl.
  const slot = `castcheck-decisions:${clip.sha256}`;
  let keeps = true;
  let book = { by: "", lines: [] };
  try { book = JSON.parse(localStorage.getItem(slot)) || book; } catch { keeps = false; }
  const keep = () => {
    try { localStorage.setItem(slot, JSON.stringify(book)); } catch { keeps = false; }
  };
  const current = (id) => book.lines.filter((line) => line.finding === id).at(-1);
  const decide = (id, word, kind = null) => {
    const finding = clip.findings.find((f) => f.id === id);
    book.lines.push({
      schema: "castcheck.decision/1", clip_sha256: clip.sha256, finding: id, decision: word, kind,
      start_frame: finding.start, stop_frame: finding.stop, characters: finding.characters,
      by: book.by, at: new Date().toISOString(), note: "",
    });
    keep();
    draw();
  };
  const draw = () => {
    let decided = 0;
    for (const card of document.querySelectorAll("article.finding")) {
      const said = current(card.dataset.id);
      if (said?.decision) decided += 1;
      card.querySelectorAll("[data-say]").forEach((button) => {
        const chosen = Boolean(said?.decision) && said.decision === button.dataset.say;
        if (button.tagName === "SELECT") button.value = chosen ? said.kind : "";
        else button.setAttribute("aria-pressed", String(chosen));
      });
    }
    const all = clip.findings.length;
    find("#decided").textContent = `${decided} of ${all} decided${keeps ? "" : " · this browser keeps nothing: export before you close the page"}`;
    find("#export").disabled = !book.lines.length;
  };
  const exportLines = () => {
    const by = find("#by").value.trim() || "reviewer";
    const text = book.lines.map((line) => `${JSON.stringify({ ...line, by: line.by || by })}\n`).join("");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
    link.download = "decisions.jsonl";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  if (clip.findings.length) {
    find("#decisions").hidden = false;
    document.querySelectorAll(".decide, .keys").forEach((node) => { node.hidden = false; });
    find("#by").value = book.by;
    find("#by").addEventListener("input", () => { book.by = find("#by").value.trim(); keep(); });
    find("#export").addEventListener("click", exportLines);
    draw();
  }
  // A lane of the timeline is also where the clip can be taken to.
  document.addEventListener("click", (event) => {
    const track = event.target.closest(".row-lane .track, .row-ruler .track");
    if (!track || !player || event.target.closest("a")) return;
    const { left, width } = track.getBoundingClientRect();
    player.pause();
    player.seek(player.beat.at(((event.clientX - left) / width) * clip.duration_s));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const card = button.closest("article.finding");
    if (button.dataset.play && player) act[button.dataset.play]();
    if (button.matches(".watch")) watch(card);
    if (button.dataset.say) {
      const taken = button.getAttribute("aria-pressed") === "true";
      decide(card.dataset.id, taken ? null : button.dataset.say);
    }
  });
  document.addEventListener("change", (event) => {
    const chosen = event.target.closest("select[data-say]");
    if (chosen) decide(chosen.closest("article.finding").dataset.id, chosen.value ? "other_kind" : null, chosen.value || null);
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea, button, summary")) return;
    const inPlayer = player && (document.activeElement === find("#stage") || event.key === "," || event.key === ".");
    const word = { 1: "right", 2: "wrong", 4: "duplicate" }[event.key];
    const card = find("article.finding:target");
    if (inPlayer && [" ", "ArrowLeft", "ArrowRight", ",", "."].includes(event.key)) {
      event.preventDefault();
      act[{ " ": "toggle", ArrowLeft: "back", ",": "back" }[event.key] || "forward"]();
    } else if (word && card) decide(card.dataset.id, word);
    else if (event.key === "l" && card && player) watch(card);
  });
  startPlayer();
})();
