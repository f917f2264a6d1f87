"use strict";
// Plays a clip frame by frame with everything found drawn on top: in the report, and in a review.
globalThis.castcheck = (() => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // Frames and seconds of one clip; seconds count from the first frame.
  class Beat {
    constructor(clip) {
      this.clip = clip;
      this.frames = clip.frames;
      this.rate = clip.rate || clip.frames / clip.duration_s || 24;
    }
    start(frame) {
      const { times, duration_s } = this.clip;
      if (frame >= this.frames) return duration_s;
      return times ? times[frame] : frame / this.rate;
    }
    middle(frame) {
      return (this.start(frame) + Math.max(this.start(frame + 1), this.start(frame) + 0.001)) / 2;
    }
    // The frame that starts nearest to `time`.
    nearest(time) {
      const { times } = this.clip;
      if (!times) return clamp(Math.round(time * this.rate), 0, this.frames - 1);
      const at = this.at(time);
      return at + 1 < this.frames && times[at + 1] - time < time - times[at] ? at + 1 : at;
    }
    // The frame on screen at `time`.
    at(time) {
      const { times } = this.clip;
      if (!times) return clamp(Math.floor(time * this.rate + 1e-4), 0, this.frames - 1);
      let low = 0, high = times.length - 1;
      while (low < high) {
        const half = (low + high + 1) >> 1;
        if (times[half] <= time + 1e-4) low = half; else high = half - 1;
      }
      return low;
    }
  }

  // What the browser's own decoder plays.
  class Film {
    constructor(player, url) {
      this.player = player;
      this.offset = 0; // seconds the browser puts before the first frame
      this.wanted = null;
      this.node = document.createElement("video");
      Object.assign(this.node, { muted: true, playsInline: true, preload: "auto", src: url });
      this.node.setAttribute("aria-label", "The clip");
      this.exact = "requestVideoFrameCallback" in this.node;
    }
    async open() {
      const { node } = this;
      const first = new Promise((done) => {
        if (this.exact) node.requestVideoFrameCallback((_, facts) => done(facts.mediaTime));
      });
      await new Promise((done, fail) => {
        node.addEventListener("loadeddata", done, { once: true });
        node.addEventListener("error", () => fail(new Error(`code ${node.error?.code}`)), { once: true });
        node.load();
      });
      // Sound without a picture: the browser knows the file but not this codec.
      if (!node.videoWidth) throw new Error("no picture");
      const start = await Promise.race([first, sleep(500)]);
      if (start > 0 && start < 1) this.offset = start;
      for (const name of ["play", "pause", "ended"]) node.addEventListener(name, () => this.player.changed());
      node.addEventListener("seeked", () => this.seeked());
      this.follow();
    }
    follow() {
      if (this.exact) {
        this.node.requestVideoFrameCallback((_, facts) => {
          this.seen = performance.now();
          this.player.shown(this.player.beat.nearest(facts.mediaTime - this.offset));
          if (!this.closed) this.follow();
        });
      } else {
        if (!this.node.paused) this.player.shown(this.player.beat.at(this.node.currentTime - this.offset));
        if (!this.closed) requestAnimationFrame(() => this.follow());
      }
    }
    seeked() {
      if (this.wanted !== null && this.wanted !== this.aim) return this.go(this.wanted);
      const aim = this.aim, began = performance.now();
      this.wanted = null;
      // A frame that is on screen already is not reported again.
      setTimeout(() => {
        if (this.node.paused && this.aim === aim && !(this.seen > began - 60)) this.player.shown(aim);
      }, this.exact ? 120 : 0);
    }
    seek(frame) {
      this.wanted = frame;
      if (!this.node.seeking) this.go(frame);
    }
    go(frame) {
      this.aim = frame;
      this.node.currentTime = this.offset + this.player.beat.middle(frame);
    }
    get playing() { return !this.node.paused && !this.node.ended; }
    set rate(value) { this.node.playbackRate = value; }
    play() { return this.node.play().catch(() => {}); }
    pause() { this.node.pause(); }
    close() {
      this.closed = true;
      this.node.pause();
      this.node.removeAttribute("src");
      this.node.load();
      this.node.remove();
    }
  }

  // Single pictures from the server, for what the browser cannot decode.
  class Pictures {
    constructor(player, base) {
      this.player = player;
      this.base = base;
      this.kept = new Map();
      this.rate = 1;
      this.playing = false;
      this.node = document.createElement("canvas");
      this.node.setAttribute("role", "img");
      this.node.setAttribute("aria-label", "The clip, frame by frame");
    }
    async open() {
      const image = await this.load(0);
      this.node.width = image.naturalWidth;
      this.node.height = image.naturalHeight;
      await this.draw(0);
    }
    load(frame) {
      if (!this.kept.has(frame)) {
        const image = new Image();
        image.src = `${this.base}${frame}.jpg`;
        this.kept.set(frame, image.decode().then(() => image));
        if (this.kept.size > 120) this.kept.delete(this.kept.keys().next().value);
      }
      return this.kept.get(frame);
    }
    async draw(frame) {
      this.wanted = frame;
      const image = await this.load(frame).catch(() => null);
      for (let ahead = 1; ahead <= 8; ahead += 1) {
        if (frame + ahead < this.player.beat.frames) this.load(frame + ahead).catch(() => {});
      }
      if (!image || this.wanted !== frame || this.closed) return;
      this.node.getContext("2d").drawImage(image, 0, 0, this.node.width, this.node.height);
      this.player.shown(frame);
    }
    seek(frame) { this.restart = true; this.draw(frame); }
    async play() {
      if (this.playing) return;
      this.playing = true;
      this.player.changed();
      const { beat } = this.player;
      while (this.playing && !this.closed) {
        const frame = this.player.frame, began = performance.now();
        if (frame + 1 >= beat.frames) break;
        this.restart = false;
        await this.load(frame + 1).catch(() => {});
        const lasts = 1000 * (beat.start(frame + 1) - beat.start(frame)) / this.rate;
        await sleep(Math.max(0, lasts - (performance.now() - began)));
        if (this.playing && !this.restart) await this.draw(frame + 1);
      }
      this.pause();
    }
    pause() { this.playing = false; this.player.changed(); }
    close() { this.closed = true; this.playing = false; this.node.remove(); }
  }

  class Player {
    // `stage` is the element to fill; `clip` what play_data() gives.
    constructor(stage, { onFrame = () => {}, onState = () => {} } = {}) {
      this.stage = stage;
      this.onFrame = onFrame;
      this.onState = onState;
      this.boxes = true;
      this.marked = [];
      this.loop = null;
      this.speed = 1;
      this.overlay = document.createElement("canvas");
      this.overlay.className = "overlay";
      this.overlay.setAttribute("aria-hidden", "true");
      new ResizeObserver(() => this.paint()).observe(stage);
    }
    // Tries the sources in turn: [{kind: "clip"|"annotated"|"frames", url}]; returns what plays.
    // It shows frame `at` first, or where keys have gone to by the time that it is open.
    async load(clip, sources, at) {
      this.close();
      this.opening = true;
      this.target = at;
      const ticket = (this.ticket = Symbol("load"));
      this.clip = clip;
      this.beat = new Beat(clip);
      this.frame = 0;
      this.loop = null;
      this.marked = [];
      this.failed = [];
      this.stage.style.aspectRatio = `${clip.width} / ${clip.height}`;
      this.stage.style.setProperty("--ratio", clip.width / clip.height);
      for (const source of sources) {
        const Kind = source.kind === "frames" ? Pictures : Film;
        const film = new Kind(this, source.url);
        this.stage.replaceChildren(film.node, this.overlay);
        try {
          this.film = film;
          await film.open();
        } catch (error) {
          film.close();
          if (this.ticket !== ticket) return null;
          this.failed.push({ ...source, reason: error.message });
          this.film = null;
          continue;
        }
        if (this.ticket !== ticket) { film.close(); return null; }
        this.kind = source.kind;
        film.rate = this.speed;
        this.opening = false;
        this.stage.dataset.kind = source.kind;
        const { target } = this;
        this.shown(this.frame);
        if (target !== undefined) this.seek(target);
        this.changed();
        if (this.starts) this.play();
        return source;
      }
      this.opening = false;
      this.stage.replaceChildren();
      this.stage.dataset.kind = "none";
      return null;
    }
    close() {
      this.ticket = null;
      this.opening = false;
      this.starts = false;
      if (this.film) this.film.close();
      this.film = null;
      delete this.stage.dataset.kind;
      delete this.stage.dataset.frame;
    }
    get playing() { return Boolean(!this.opening && this.film && this.film.playing); }
    // The frame on screen, or the one that will be.
    get place() { return this.opening ? this.target || 0 : this.frame || 0; }
    play() {
      if (this.opening) this.starts = true;
      if (this.opening || !this.film) return;
      if (this.loop && (this.frame < this.loop[0] || this.frame >= this.loop[1] - 1)) this.seek(this.loop[0]);
      else if (!this.loop && this.frame >= this.beat.frames - 1) this.seek(0);
      this.film.play();
    }
    pause() {
      this.starts = false;
      if (this.film && !this.opening) this.film.pause();
    }
    toggle() { if (this.playing || this.starts) this.pause(); else this.play(); }
    seek(frame) {
      if (!this.film && !this.opening) return;
      this.target = clamp(frame, 0, this.beat.frames - 1);
      if (!this.opening) this.film.seek(this.target); // else it begins there
    }
    step(count) {
      if (!this.film && !this.opening) return;
      const from = this.playing || this.target === undefined ? this.frame : this.target;
      this.pause();
      this.seek(from + count);
    }
    setSpeed(speed) {
      this.speed = speed;
      if (this.film) this.film.rate = speed;
    }
    // A film tells which frame is on screen now.
    shown(frame) {
      this.frame = frame;
      this.stage.dataset.frame = frame;
      if (this.playing) {
        this.target = undefined;
        if (this.loop && frame >= this.loop[1] - 1) this.film.seek(this.loop[0]);
      }
      this.paint();
      this.onFrame(frame);
    }
    changed() {
      // The last frame of a clip may lie inside a loop.
      if (this.film && this.film.node.ended && this.loop) {
        this.film.seek(this.loop[0]);
        this.film.play();
      }
      this.onState(this.playing);
    }
    paint() {
      if (!this.clip || !this.overlay.isConnected) return;
      const { clientWidth: width, clientHeight: height } = this.stage;
      const ratio = globalThis.devicePixelRatio || 1;
      const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (this.overlay.width !== w || this.overlay.height !== h) Object.assign(this.overlay, { width: w, height: h });
      const pen = this.overlay.getContext("2d");
      pen.clearRect(0, 0, w, h);
      if (!this.boxes || this.kind === "annotated" || this.plain) return;
      drawBoxes(pen, this.clip, this.frame, {
        scale: w / this.clip.width, left: 0, top: 0, marked: this.marked, ratio,
      });
    }
  }

  // Who has which box at a frame: [{track, box, who, doubtful}].
  const boxesAt = (clip, frame) => {
    const found = [];
    for (const track of clip.tracks) {
      const box = track.boxes[frame - track.start];
      if (!box) continue;
      const piece = track.segments.find(([start, stop]) => start <= frame && frame < stop);
      found.push({ track: track.id, box, who: piece ? piece[2] : -1, doubtful: Boolean(piece && piece[3]) });
    }
    return found;
  };

  // Boxes with a letter and a name, so that they differ without colours too.
  const drawBoxes = (pen, clip, frame, { scale, left, top, marked, ratio }) => {
    const line = Math.max(1.5, 2 * ratio);
    pen.font = `600 ${Math.round(12 * ratio)}px system-ui, sans-serif`;
    pen.textBaseline = "top";
    for (const { track, box, who, doubtful } of boxesAt(clip, frame)) {
      const person = clip.people[who];
      const colour = person ? person.colour : "#8A9097";
      const [x1, y1, x2, y2] = box.map((value, axis) => (value - (axis % 2 ? top : left)) * scale);
      pen.setLineDash(doubtful ? [6 * ratio, 5 * ratio] : []);
      if (marked.includes(track)) {
        pen.strokeStyle = "#000";
        pen.lineWidth = line * 4;
        pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
        pen.strokeStyle = "#fff";
        pen.lineWidth = line * 2.6;
        pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      }
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      pen.setLineDash([]);
      const text = person ? (person.name === person.id ? person.letter : `${person.letter} ${person.name}`) : "?";
      const pad = 4 * ratio, high = 17 * ratio, wide = pen.measureText(text).width + 2 * pad;
      const y = Math.max(0, y1 - high);
      pen.fillStyle = colour;
      pen.fillRect(x1 - line / 2, y, wide, high);
      pen.fillStyle = person ? person.ink : "#14171A";
      pen.fillText(text, x1 - line / 2 + pad, y + 3 * ratio);
    }
  };

  // The stretch to play around a finding: long enough to see it happen.
  const around = (beat, finding, seconds = 0.75) => {
    const margin = Math.max(3, Math.round(seconds * beat.rate));
    return [Math.max(0, finding.start - margin), Math.min(beat.frames, finding.stop + margin)];
  };

  return { Player, Beat, boxesAt, drawBoxes, around, clamp };
})();
