// The right-hand side: one finding and what is decided about it.
import { icon, make } from "./clip_list.js";
import { personBadge } from "./drawing.js";

export const WORDS = { right: "right", wrong: "wrong", other_kind: "other kind", duplicate: "duplicate", missed: "missed" };
const SIGNS = { right: "✓", wrong: "✗", other_kind: "≠", duplicate: "2×", missed: "+" };
const BUTTONS = [["right", "Right", "1"], ["wrong", "Wrong", "2"], ["other_kind", "Other kind", "3"], ["duplicate", "Duplicate", "4"]];
const find = (query) => document.querySelector(query);

export class Panel {
  constructor(review) {
    this.review = review;
    this.buttons = BUTTONS.map(([word, text, key]) => {
      const node = make("button", `say ${word}`);
      node.type = "button";
      node.dataset.do = word;
      const sign = make("span", "sign", SIGNS[word]);
      sign.setAttribute("aria-hidden", "true");
      node.append(sign, text, " ", make("kbd", "", key));
      return node;
    });
    find("#decide").append(...this.buttons);
  }
  draw() {
    const { clip, chosen, store } = this.review;
    if (!clip) return;
    const finding = clip.findings[chosen];
    const said = finding && store.mine(clip.sha256, finding.id);
    for (const node of this.buttons) {
      node.disabled = !finding;
      node.setAttribute("aria-pressed", String(Boolean(said) && said.decision === node.dataset.do));
    }
    this.drawFinding(finding, said);
    this.drawList();
    this.drawMissed();
    this.drawAgreements();
    this.drawSoFar();
  }
  drawFinding(finding, said) {
    const { clip, chosen, store } = this.review;
    const box = find("#finding");
    const shown = `${clip.index} ${finding ? finding.id : ""}`;
    // On a phone the finding stands below the clip; this line above it says what to look for.
    find("#brief").textContent = finding
      ? `${chosen + 1} of ${clip.findings.length} · ${finding.when} ${finding.title}: ${finding.message}${said ? ` ${SIGNS[said.decision]} ${WORDS[said.decision]}` : ""}`
      : "Nothing was found in this clip.";
    if (!finding) {
      this.shown = shown;
      box.className = "finding";
      box.replaceChildren(make("p", "none", "castcheck found nothing in this clip. Look, and press m where it missed something; j goes on."));
      return;
    }
    // While a note is being written, it must not be drawn anew.
    if (this.shown === shown && this.noteBox && document.activeElement === this.noteBox) return;
    this.shown = shown;
    box.className = `finding ${finding.severity}`;
    const head = make("header"), title = make("h3"), who = make("span", "who");
    title.append(icon(finding.kind), finding.title);
    who.append(...finding.people.map((k) => personBadge(clip.people[k])));
    head.append(title, make("span", `severity ${finding.severity}`, finding.severity), who,
      make("span", "number", `${chosen + 1} of ${clip.findings.length}`));
    const message = make("p", "message");
    message.append(make("bdi", "", finding.message));
    const facts = make("p", "facts");
    const frames = finding.stop - finding.start > 1 ? `frames ${finding.start} to ${finding.stop - 1}` : `frame ${finding.start}`;
    facts.append(...[finding.when, frames, `${finding.percent} % sure`].map((text) => make("span", "", text)));
    const state = make("p", "said");
    if (said) state.append(this.saying(said));
    else state.textContent = finding.accepted ? "Accepted before, by the baseline: it fails nothing" : "Not decided yet";
    const others = store.others(clip.sha256, finding.id).map((d) => {
      const line = make("p", "said-by");
      line.append(make("bdi", "", d.by), ": ", this.saying(d));
      return line;
    });
    const label = make("label", "note-label", "Note ");
    label.append(make("kbd", "", "t"));
    const note = make("input");
    Object.assign(note, { id: "note", maxLength: 2000, value: said?.note || "", autocomplete: "off", placeholder: "optional" });
    note.addEventListener("keydown", (event) => {
      if (event.key === "Enter") note.blur();
    });
    note.addEventListener("change", () => this.saveNote(clip.sha256, finding.id, note.value.trim()));
    label.append(note);
    this.noteBox = note;
    box.replaceChildren(head, message, facts, state, ...others, label);
  }
  saying(said) {
    const text = WORDS[said.decision] + (said.decision === "other_kind" && said.kind ? `: ${this.review.run.kinds[said.kind]}` : "");
    const node = make("b", "word", `${SIGNS[said.decision]} ${text}`);
    node.dataset.word = said.decision;
    if (said.waiting) node.append(" …");
    return node;
  }
  note() { return this.noteBox && this.noteBox.isConnected ? this.noteBox.value.trim() : ""; }
  writeNote() { if (this.noteBox?.isConnected) this.noteBox.focus(); }
  // A note about something decided is written at once; else it goes with the decision.
  saveNote(sha256, id, text) {
    const { store } = this.review, said = store.mine(sha256, id);
    if (said && said.note !== text) {
      store.decide({ clip_sha256: sha256, finding: id, decision: said.decision, kind: said.kind, note: text });
    }
  }
  drawList() {
    const { clip, chosen, store } = this.review;
    find("#findings").replaceChildren(...clip.findings.map((finding, k) => {
      const line = make("li"), button = make("button", `pick ${finding.severity}`);
      button.type = "button";
      button.setAttribute("aria-current", String(k === chosen));
      const said = store.mine(clip.sha256, finding.id);
      button.append(icon(finding.kind), make("span", "", `${finding.when}  ${finding.title}`));
      if (store.disputed.has(`${clip.sha256} ${finding.id}`)) button.append(make("span", "differ", "differ"));
      button.append(said ? this.saying(said) : make("span", "open", finding.accepted ? "accepted" : "open"));
      button.addEventListener("click", () => this.review.choose(k));
      line.append(button);
      return line;
    }));
  }
  drawMissed() {
    const { clip, store, run, player } = this.review;
    const found = store.missed(clip.sha256);
    find("#missed-section").hidden = !found.length;
    find("#missed").replaceChildren(...found.map((d) => {
      const line = make("li"), go = make("button", "pick");
      go.type = "button";
      go.append(icon(d.kind), make("span", "", `frame ${d.start_frame}  ${run.kinds[d.kind]}${d.by === store.me ? "" : ` (${d.by})`}`));
      if (d.note) go.append(make("span", "open", d.note));
      go.addEventListener("click", () => player.seek(d.start_frame));
      line.append(go);
      if (d.by === store.me) {
        const away = make("button", "away", "×");
        away.type = "button";
        away.setAttribute("aria-label", "Take back");
        away.addEventListener("click", () => store.decide({
          clip_sha256: d.clip_sha256, finding: null, decision: null, kind: d.kind,
          start_frame: d.start_frame, stop_frame: d.stop_frame, characters: d.characters,
        }));
        line.append(away);
      }
      return line;
    }));
  }
  drawAgreements() {
    const rows = this.review.store.agreements;
    find("#agree-section").hidden = !rows.length;
    find("#agreements").replaceChildren(...rows.map((row) => {
      const kappa = row.kappa === null ? "" : `, kappa ${row.kappa.toFixed(2)}`;
      const missed = row.either_missed ? `; both point at ${row.both_missed} of ${row.either_missed} missed` : "";
      return make("li", "", `${row.one} and ${row.other}: the same on ${row.same} of ${row.both} findings${kappa}${missed}`);
    }));
  }
  // How often each kind has been right, in what this reviewer has decided.
  drawSoFar() {
    const { run, store } = this.review, counts = new Map();
    for (const row of run.clips) {
      for (const finding of row.findings) {
        const said = store.mine(row.sha256, finding.id);
        if (!said || said.decision === "duplicate") continue;
        const count = counts.get(finding.kind) || { right: 0, all: 0 };
        counts.set(finding.kind, { right: count.right + (said.decision === "right"), all: count.all + 1 });
      }
    }
    const missed = store.decisions.filter((d) => d.finding === null && d.by === store.me).length;
    find("#so-far-section").hidden = !counts.size && !missed;
    const rows = [...counts].map(([kind, { right, all }]) => {
      const line = make("li");
      line.append(icon(kind), make("span", "", run.kinds[kind]), make("b", "word", `${right} of ${all} right`));
      return line;
    });
    if (missed) rows.push(make("li", "", `${missed} missed`));
    find("#so-far").replaceChildren(...rows);
  }
  askKind(finding) {
    const kinds = Object.entries(this.review.run.kinds).filter(([kind]) => kind !== finding.kind);
    find("#kind-buttons").replaceChildren(...kinds.map(([kind, title], k) => {
      const node = make("button");
      node.type = "button";
      node.title = this.review.run.meanings[kind];
      node.append(icon(kind), title, " ", make("kbd", "", String(k + 1)));
      node.addEventListener("click", () => {
        find("#kind-dialog").close();
        this.review.decide("other_kind", kind);
      });
      return node;
    }));
    find("#kind-dialog").showModal();
  }
  kindKey(event) {
    const node = find("#kind-buttons").children[Number(event.key) - 1];
    if (!node) return;
    event.preventDefault();
    node.click();
  }
}
