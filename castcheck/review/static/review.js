// The page of a review: which clip, which finding, and what a key does.
import { ClipList, icon, make } from "./clip_list.js";
import { Sides, Timeline, curve } from "./drawing.js";
import { Panel, WORDS } from "./panel.js";
import { Store } from "./store.js";

const { Player, around, boxesAt } = globalThis.castcheck;
const find = (query) => document.querySelector(query);
// What is asked of the clip on screen, and can't be while the next one is fetched.
const OF_A_CLIP = new Set(["play", "back", "forward", "back10", "forward10", "next", "previous", "loop", "widen", "narrow"]);
const SPEEDS = [1, 0.5, 0.25, 2];
const KEYS = [
  ["space or k", "play or pause"], ["← →  or  , .", "one frame back, on"], ["Shift ← →", "ten frames"],
  ["n  p", "next or previous finding"], ["j  Shift j", "next or previous clip"],
  ["1 or r", "right"], ["2 or w", "wrong"], ["3 or o", "right, but another kind"], ["4 or d", "duplicate of another finding"],
  ["m", "something was missed here"], ["u", "undo"], ["t", "write a note"],
  ["l", "loop around the finding"], ["b", "boxes"], ["z", "close up or whole"], ["[  ]", "sides closer, further apart"],
  ["s", "speed"], ["g", "list of clips"], ["/", "search clips"], ["?", "these keys"],
];

class Review {
  constructor() {
    this.store = new Store(() => this.refresh(), (text, count) => this.trouble(text, count));
    this.player = new Player(find("#stage"), {
      onFrame: (frame) => this.onFrame(frame), onState: (playing) => this.onState(playing),
    });
    this.timeline = new Timeline(find("#timeline .scroll"), {
      seek: (frame) => this.player.seek(frame), pick: (number) => this.choose(number - 1),
    });
    this.sides = new Sides(find("#sides"));
    this.panel = new Panel(this);
    this.list = new ClipList(find("#list"), {
      done: (row) => this.doneOf(row),
      open: (index) => { this.open(index); this.showClips(false); },
    });
    this.clip = null;
    this.chosen = -1;
    this.plots = [];
  }
  async start() {
    history.replaceState(null, "", location.pathname + location.hash); // the token need not be seen
    try {
      this.run = await this.store.open();
    } catch (error) {
      this.trouble(error.message || "The server does not answer.", 0);
      return;
    }
    document.title = `Review of ${this.run.title} · castcheck`;
    find("#run-title").textContent = this.run.title;
    find("#reviewer").textContent = this.run.reviewer;
    this.showComplaints();
    for (const [kind, title] of Object.entries(this.run.kinds)) {
      find("#filter-kind").append(new Option(title, kind));
      find("#missed-kind").append(new Option(title, kind));
    }
    const anyAccepted = this.run.clips.some((row) => row.findings.some((f) => f.accepted));
    if (anyAccepted) find("#filter-state").append(new Option("with something accepted", "accepted"));
    for (const [keys, what] of KEYS) {
      const line = make("div");
      line.append(make("dt", "", keys), make("dd", "", what));
      find("#keys").append(line);
    }
    this.listen();
    this.refresh();
    const [, asked, finding] = /^#(\d+)(?:\/(.+))?$/.exec(location.hash) || [];
    const first = this.run.clips[Number(asked)] || this.run.clips.find((row) => this.isTodo(row)) || this.run.clips[0];
    await this.open(first.index, finding && decodeURIComponent(finding));
  }
  showComplaints() {
    const box = find("#complaints"), { complaints } = this.run;
    box.hidden = !complaints.length;
    box.querySelector("summary").textContent = `${complaints.length} ${complaints.length === 1 ? "thing was" : "things were"} passed over`;
    box.querySelector("ul").replaceChildren(...complaints.map((line) => make("li", "", line)));
  }
  listen() {
    addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.dataset.do);
      if (event.target.closest(".leave")) event.target.closest("dialog").close();
    });
    for (const id of ["search", "filter-state", "filter-kind"]) find(`#${id}`).addEventListener("input", () => this.refresh());
    find("#show-clips").addEventListener("click", () => this.showClips());
    find("#show-help").addEventListener("click", () => find("#help").showModal());
    find("#missed-dialog form").addEventListener("submit", () => this.saveMissed());
  }

  // Clips.
  doneOf(row) {
    const asked = row.findings.filter((f) => !f.accepted || this.store.mine(row.sha256, f.id));
    return [asked.length - asked.filter((f) => this.isOpen(row.sha256, f)).length, asked.length];
  }
  // What was accepted before has had its answer.
  isOpen(sha256, finding) { return !finding.accepted && !this.store.mine(sha256, finding.id); }
  isTodo(row) {
    const [decided, all] = this.doneOf(row);
    return decided < all;
  }
  matching() {
    const words = find("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = find("#filter-state").value, kind = find("#filter-kind").value;
    const tests = {
      todo: (row) => this.isTodo(row),
      found: (row) => row.findings.length,
      done: (row) => this.doneOf(row)[1] && !this.isTodo(row),
      accepted: (row) => row.findings.some((f) => f.accepted),
      clear: (row) => !row.findings.length,
      disputed: (row) => row.findings.some((f) => this.store.disputed.has(`${row.sha256} ${f.id}`)),
      missed: (row) => this.store.missed(row.sha256).length,
    };
    return this.run.clips.filter((row) =>
      words.every((word) => `${row.path} ${row.text}`.toLowerCase().includes(word))
      && (!kind || row.findings.some((f) => f.kind === kind))
      && (!state || tests[state](row)));
  }
  refresh() {
    if (!this.run) return;
    const rows = this.matching();
    this.list.show(rows, this.clip ? this.clip.index : -1);
    find("#count").textContent = rows.length === this.run.clips.length ? `${rows.length} clips` : `${rows.length} of ${this.run.clips.length} clips`;
    const [done, all] = this.run.clips.map((row) => this.doneOf(row)).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    find("#progress-text").textContent = all ? `${done} of ${all} findings decided` : "nothing to decide";
    find("#progress-bar").style.width = `${all ? (100 * done) / all : 100}%`;
    find("#undo").disabled = !this.store.undoable?.length;
    this.panel.draw();
  }
  showClips(open = !document.body.classList.contains("clips-open")) {
    document.body.classList.toggle("clips-open", open);
    find("#show-clips").setAttribute("aria-expanded", String(open));
    if (open) { this.list.reveal(); find("#list").focus(); }
  }
  async open(index, finding) {
    const ticket = (this.ticket = Symbol("open"));
    this.coming = index;
    this.wait(true);
    this.player.close();
    const answer = await fetch(`api/clips/${index}`).catch(() => null);
    if (this.ticket !== ticket) return;
    if (!answer || !answer.ok) {
      this.wait(false);
      const text = answer ? (await answer.json().catch(() => ({}))).error || answer.status : "The server does not answer.";
      this.trouble(`Clip ${index + 1}: ${text}`, 0);
      return;
    }
    this.clip = await answer.json();
    if (this.ticket !== ticket) return;
    const { clip } = this;
    find("#clip-name").textContent = clip.name;
    const verdict = find("#clip-verdict");
    verdict.className = `verdict ${clip.verdict}`;
    verdict.replaceChildren(icon(clip.verdict), clip.verdict.toUpperCase());
    this.timeline.show(clip);
    this.drawAllCurves();
    this.chosen = -1;
    this.list.show(this.matching(), index);
    this.list.reveal();
    const row = this.run.clips[index];
    const wanted = finding ? clip.findings.findIndex((f) => f.id === finding)
      : clip.findings.findIndex((f) => this.isOpen(row.sha256, f));
    this.choose(wanted < 0 && clip.findings.length ? 0 : wanted);
    this.wait(false);
    await this.loadMedia(ticket);
  }
  // Until the next clip is here, a key must not decide about the one that was there.
  wait(on) {
    this.waiting = on;
    find("main").setAttribute("aria-busy", String(on));
  }
  async loadMedia(ticket) {
    const { clip } = this, { media } = clip;
    const sources = [
      ["clip", media.video], ["annotated", media.annotated], ["frames", media.frames],
    ].filter(([, url]) => url).map(([kind, url]) => ({ kind, url }));
    const playing = await this.player.load(clip, sources, this.frameOf(clip.findings[this.chosen]));
    if (this.ticket !== ticket) return;
    this.player.plain = media.frames_are_annotated && playing?.kind === "frames";
    this.sayMedia(playing);
    this.mark(clip.findings[this.chosen]); // where to, keys may have said meanwhile
  }
  sayMedia(playing) {
    const { media } = this.clip, lines = [];
    if (media.note) lines.push(media.note);
    const failed = this.player.failed.find((source) => source.kind === "clip");
    const instead = { annotated: "annotated.mp4 of the report", frames: "frames that the server reads, without sound" };
    if (failed) lines.push(`This browser cannot play the clip${playing ? `; shown instead: ${instead[playing.kind]}` : ""}.`);
    else if (playing && playing.kind !== "clip") lines.push(`Shown instead: ${instead[playing.kind]}.`);
    if (!playing) lines.push(media.page ? "Decide from the pictures of the report below." : "There are no pictures of it here.");
    const note = find("#media-note");
    note.hidden = !lines.length;
    note.textContent = lines.join(" ");
    find("#report-section").hidden = Boolean(playing) || !media.page;
    this.showReport();
  }
  showReport() {
    const section = find("#report-section");
    if (section.hidden) return;
    const number = this.chosen >= 0 ? `#f${this.chosen + 1}` : "";
    // A new frame each time: the page inside runs no scripts, so it has to be loaded at its anchor.
    const frame = find("#report").cloneNode();
    frame.src = `${this.clip.media.page}${number}`;
    // Going to the anchor takes the focus into the page inside, where no key decides.
    const giveBack = () => { if (document.activeElement === frame) frame.blur(); };
    frame.addEventListener("load", () => { giveBack(); setTimeout(giveBack, 200); });
    find("#report").replaceWith(frame);
  }

  // Findings.
  choose(index) {
    const { clip } = this;
    this.chosen = index;
    const finding = clip.findings[index];
    const place = `#${clip.index}${finding ? `/${encodeURIComponent(finding.id)}` : ""}`;
    history.replaceState(null, "", place);
    this.timeline.choose(index + 1);
    this.sides.gap = 0;
    this.showSides();
    this.drawCurve();
    this.showReport();
    this.panel.draw();
    this.aim(finding);
  }
  aim(finding) {
    const { player } = this;
    if (player.clip !== this.clip) return;
    this.mark(finding);
    player.pause();
    player.seek(this.frameOf(finding));
  }
  frameOf(finding) { return finding ? finding.sides[1] : 0; }
  mark(finding) {
    const { player } = this;
    player.marked = finding ? finding.tracks : [];
    const looping = find("#loop").getAttribute("aria-pressed") === "true";
    player.loop = finding && looping ? around(player.beat, finding) : null;
    player.paint();
  }
  showSides() {
    const finding = this.clip.findings[this.chosen];
    find("#sides-section").hidden = !finding || !this.clip.media.frames;
    this.sides.show(this.clip, finding);
  }
  drawCurve() {
    const { plots, people, findings } = this.clip;
    const plot = this.chosen >= 0 ? plots.findings[this.chosen] : null;
    this.plots = this.plots.filter((node) => node.parentElement?.closest("#curve-all"));
    const box = find("#curve-now");
    box.replaceChildren();
    if (plot) {
      const node = curve(plot, people);
      this.plots.push(node);
      box.append(node);
    } else if (findings.length) box.append(make("p", "none", "There is no curve for this finding."));
    find("#curves").hidden = !plot && !plots.people.some(Boolean);
  }
  drawAllCurves() {
    const { plots, people } = this.clip, box = find("#curve-all div");
    this.plots = [];
    box.replaceChildren(...plots.people.flatMap((plot, k) => {
      if (!plot) return [];
      const node = curve(plot, people);
      this.plots.push(node);
      const head = make("p", "curve-who", `${people[k].letter}  ${people[k].name}`);
      return [head, node];
    }));
    find("#curve-all").hidden = !box.childElementCount;
  }
  go(step) {
    find("#saved").textContent = "";
    const to = this.chosen + step;
    if (this.chosen >= 0 && to >= 0 && to < this.clip.findings.length) return this.choose(to);
    return this.goClip(step, (row) => row.findings.length > 0, true);
  }
  goClip(step, wanted = () => true, last = false) {
    find("#saved").textContent = "";
    const rows = this.matching();
    const at = this.waiting ? this.coming : this.clip.index; // keys may come faster than clips
    let place = rows.findIndex((row) => row.index === at);
    if (place < 0) place = step > 0 ? rows.findIndex((row) => row.index > at) - 1 : rows.findLastIndex((row) => row.index < at) + 1;
    for (let k = place + step; k >= 0 && k < rows.length; k += step) {
      if (!wanted(rows[k])) continue;
      return this.open(rows[k].index, step < 0 && last ? this.lastOf(rows[k]) : last ? this.firstOf(rows[k]) : undefined);
    }
    find("#saved").textContent = step > 0 ? "That was the last one." : "That was the first one.";
    return null;
  }
  firstOf(row) { return row.findings[0]?.id; }
  lastOf(row) { return row.findings.at(-1)?.id; }
  goTodo() {
    const { findings, sha256 } = this.clip;
    const open = (f) => this.isOpen(sha256, f);
    const next = findings.findIndex((f, k) => k > this.chosen && open(f));
    const any = next >= 0 ? next : findings.findIndex(open);
    if (any >= 0) return this.choose(any);
    const rows = this.matching();
    const after = rows.find((row) => row.index > this.clip.index && this.isTodo(row)) || rows.find((row) => this.isTodo(row));
    if (after) return this.open(after.index);
    find("#saved").textContent = "Every finding in this list is decided.";
    return null;
  }
  decide(word, kind = null) {
    const finding = this.clip?.findings[this.chosen];
    if (!finding) return;
    if (word === "other_kind" && !kind) { this.panel.askKind(finding); return; }
    this.store.decide({
      clip_sha256: this.clip.sha256, finding: finding.id, decision: word, kind, note: this.panel.note(),
    });
    find("#saved").textContent = `${finding.title} at ${finding.when}: ${WORDS[word]}`;
    this.goTodo();
  }
  undo() {
    const wish = this.store.undo();
    if (!wish) return;
    find("#saved").textContent = "Taken back.";
    const row = this.run.clips.find((clip) => clip.sha256 === wish.clip_sha256);
    if (row.index !== this.clip.index) this.open(row.index, wish.finding);
    else if (wish.finding) this.choose(this.clip.findings.findIndex((f) => f.id === wish.finding));
  }
  askMissed() {
    const { clip, player } = this;
    player.pause();
    const frame = player.place;
    find("#missed-start").value = frame;
    find("#missed-stop").value = frame; // the last one: people count both ends
    find("#missed-start").max = clip.frames - 1;
    find("#missed-stop").max = clip.frames - 1;
    find("#missed-note").value = "";
    find("#missed-kind").value = ""; // a kind that was not chosen would be a wrong one
    const here = new Set(boxesAt(clip, frame).map((found) => found.who));
    find("#missed-who").replaceChildren(...clip.people.map((person, k) => {
      const label = make("label"), box = make("input");
      Object.assign(box, { type: "checkbox", value: person.id, checked: here.size === 1 && here.has(k) });
      label.append(box, ` ${person.letter}  ${person.name}`, here.has(k) ? " (on screen)" : "");
      return label;
    }));
    find("#missed-dialog").showModal();
    find("#missed-kind").focus();
  }
  saveMissed() {
    const start = Number(find("#missed-start").value);
    this.store.decide({
      clip_sha256: this.clip.sha256, finding: null, decision: "missed", kind: find("#missed-kind").value,
      start_frame: start, stop_frame: Math.max(start, Number(find("#missed-stop").value)) + 1,
      characters: [...document.querySelectorAll("#missed-who input:checked")].map((box) => box.value),
      note: find("#missed-note").value.trim(),
    });
    find("#saved").textContent = "Noted as missed.";
  }

  // What is on screen now.
  onFrame(frame) {
    const { beat } = this.player;
    const shot = this.clip.shots.findIndex(([start, stop]) => start <= frame && frame < stop);
    find("#frame").textContent = `frame ${frame} of ${beat.frames} · ${beat.start(frame).toFixed(2)} s${shot >= 0 ? ` · shot ${shot + 1}` : ""}`;
    this.timeline.at(frame);
    for (const node of this.plots) node.at(beat.start(frame));
  }
  onState(playing) {
    find("#play").textContent = playing ? "❚❚" : "▶";
    find("#play").setAttribute("aria-label", playing ? "Pause" : "Play");
  }
  trouble(text, count) {
    const waits = count ? ` ${count === 1 ? "1 decision waits" : `${count} decisions wait`} in this browser and will be sent.` : "";
    find("#trouble").hidden = !text;
    find("#trouble").textContent = text + waits;
  }

  // Doing things.
  act(what) {
    const { player } = this;
    const press = (id, on) => find(id).setAttribute("aria-pressed", String(on));
    const acts = {
      play: () => player.toggle(),
      back: () => player.step(-1), forward: () => player.step(1),
      back10: () => player.step(-10), forward10: () => player.step(10),
      loop: () => {
        const on = find("#loop").getAttribute("aria-pressed") !== "true";
        press("#loop", on);
        const finding = this.clip.findings[this.chosen];
        player.loop = on && finding && player.beat ? around(player.beat, finding) : null;
        if (on && finding) player.play();
      },
      boxes: () => {
        player.boxes = !player.boxes;
        this.sides.boxes = player.boxes;
        press("#boxes", player.boxes);
        player.paint();
        this.sides.paint();
      },
      speed: () => {
        const next = SPEEDS[(SPEEDS.indexOf(player.speed) + 1) % SPEEDS.length];
        player.setSpeed(next);
        find("#speed").textContent = `${next}×`;
      },
      close: () => { this.sides.close = !this.sides.close; press("#close-up", this.sides.close); this.sides.paint(); },
      widen: () => { this.sides.gap = Math.min(60, this.sides.gap * 2 || 1); this.showSides(); },
      narrow: () => { this.sides.gap = this.sides.gap > 1 ? this.sides.gap >> 1 : 0; this.showSides(); },
      next: () => this.go(1), previous: () => this.go(-1),
      clip: () => this.goClip(1), clipBack: () => this.goClip(-1),
      missed: () => this.askMissed(), undo: () => this.undo(),
      right: () => this.decide("right"), wrong: () => this.decide("wrong"),
      other_kind: () => this.decide("other_kind"), duplicate: () => this.decide("duplicate"),
      note: () => this.panel.writeNote(),
      clips: () => (matchMedia("(max-width:900px)").matches ? this.showClips() : find("#list").focus()),
      search: () => { if (matchMedia("(max-width:900px)").matches) this.showClips(true); find("#search").focus(); },
      help: () => find("#help").showModal(),
    };
    if (this.waiting && (what in WORDS || what === "note")) {
      find("#saved").textContent = "Nothing decided: the next clip is still on its way.";
    } else if (this.waiting && OF_A_CLIP.has(what)) {
      find("#saved").textContent = "The next clip is still on its way.";
    } else if (this.clip && acts[what]) acts[what]();
  }
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const open = find("dialog[open]");
    if (open) {
      if (open.id === "kind-dialog") this.panel.kindKey(event);
      // Enter on a list would open it, not save.
      if (open.id === "missed-dialog" && event.key === "Enter" && !event.target.matches("button")) {
        event.preventDefault();
        open.querySelector("form").requestSubmit(find("#missed-save"));
      }
      return;
    }
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      this.showClips(false);
      return;
    }
    if (typing) return;
    const onButton = event.target.matches("button, summary, a") && [" ", "Enter"].includes(event.key);
    if (onButton) return;
    const what = {
      " ": "play", k: "play", ",": "back", ".": "forward",
      ArrowLeft: event.shiftKey ? "back10" : "back", ArrowRight: event.shiftKey ? "forward10" : "forward",
      n: "next", p: "previous", j: "clip", J: "clipBack",
      1: "right", r: "right", 2: "wrong", w: "wrong", 3: "other_kind", o: "other_kind", 4: "duplicate", d: "duplicate",
      m: "missed", u: "undo", t: "note", l: "loop", b: "boxes", z: "close", "[": "narrow", "]": "widen",
      s: "speed", g: "clips", "/": "search", "?": "help",
    }[event.key];
    if (!what) return;
    event.preventDefault();
    this.act(what);
  }
}

const review = new Review();
review.start();
