// What was decided: the server's list, and what waits in this browser until the server has it.
export class Store {
  constructor(onChange, onTrouble) {
    this.onChange = onChange;
    this.onTrouble = onTrouble;
    this.decisions = [];
    this.pending = [];
    this.sending = false;
  }
  async open() {
    const answer = await fetch("api/run");
    if (!answer.ok) throw new Error(await answer.text());
    const run = await answer.json();
    this.me = run.reviewer;
    this.slot = `castcheck-review:${run.id}:${run.reviewer}`;
    this.take(run);
    this.pending = this.remembered("pending");
    this.undoable = this.remembered("undo");
    this.send();
    return run;
  }
  take({ decisions, agreements, disputed }) {
    this.decisions = decisions;
    this.own = new Map(decisions.filter((d) => d.by === this.me && d.finding !== null).map((d) => [`${d.clip_sha256} ${d.finding}`, d]));
    this.agreements = agreements;
    this.disputed = new Set(disputed.map(([sha256, finding]) => `${sha256} ${finding}`));
  }
  remembered(what) {
    try { return JSON.parse(localStorage.getItem(`${this.slot}:${what}`)) || []; } catch { return []; }
  }
  remember(what, value) {
    try { localStorage.setItem(`${this.slot}:${what}`, JSON.stringify(value)); } catch { /* a browser that keeps nothing */ }
  }
  // What I say about a finding, with what is still on its way.
  mine(sha256, finding) {
    const waiting = this.pending.findLast((d) => d.clip_sha256 === sha256 && d.finding === finding);
    if (waiting) return waiting.decision === null ? null : { ...waiting, waiting: true };
    return this.own.get(`${sha256} ${finding}`) || null;
  }
  others(sha256, finding) {
    return this.decisions.filter((d) => d.by !== this.me && d.clip_sha256 === sha256 && d.finding === finding);
  }
  missed(sha256) {
    const subject = (d) => JSON.stringify([d.kind, d.start_frame, d.stop_frame, d.characters]);
    const found = new Map();
    for (const d of this.decisions) {
      if (d.clip_sha256 === sha256 && d.finding === null) found.set(d.by + subject(d), d);
    }
    for (const wish of this.pending) {
      if (wish.clip_sha256 !== sha256 || wish.finding !== null) continue;
      if (wish.decision === null) found.delete(this.me + subject(wish));
      else found.set(this.me + subject(wish), { ...wish, by: this.me, waiting: true });
    }
    return [...found.values()].sort((a, b) => a.start_frame - b.start_frame);
  }
  decide(wish) {
    const before = wish.finding === null ? null : this.mine(wish.clip_sha256, wish.finding);
    this.undoable.push(before && before.decision
      ? { clip_sha256: wish.clip_sha256, finding: wish.finding, decision: before.decision, kind: before.kind, note: before.note }
      : { ...wish, decision: wish.finding === null && wish.decision === null ? "missed" : null, note: "" });
    this.undoable = this.undoable.slice(-200);
    this.remember("undo", this.undoable);
    this.post(wish);
  }
  // The line that restores what was before; returns what it is about.
  undo() {
    const wish = this.undoable.pop();
    if (!wish) return null;
    this.remember("undo", this.undoable);
    this.post(wish);
    return wish;
  }
  post(wish) {
    this.pending.push(wish);
    this.remember("pending", this.pending);
    this.onChange();
    this.send();
  }
  async send() {
    if (this.sending) return;
    this.sending = true;
    while (this.pending.length) {
      const trouble = await this.sendOne(this.pending[0]);
      if (trouble) {
        this.onTrouble(trouble, this.pending.length);
        await new Promise((done) => setTimeout(done, 1500));
        continue;
      }
      this.pending.shift();
      this.remember("pending", this.pending);
      this.onChange();
    }
    this.sending = false;
  }
  // Returns why it has to be sent again, or nothing.
  async sendOne(wish) {
    let answer;
    try {
      answer = await fetch("api/decisions", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish),
      });
    } catch {
      return "The server does not answer.";
    }
    if (answer.status === 403) return "The server was started again: open the address it has printed.";
    const table = await answer.json().catch(() => ({}));
    if (answer.status === 507) return table.error;
    if (answer.ok) {
      this.take(table);
      this.onTrouble("", 0);
    } else {
      this.onTrouble(`Not written: ${table.error || answer.status}.`, 0);
    }
    return "";
  }
}
