"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const number = (n) => n.toLocaleString("en-US");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  /* Hover figures: one label for map and charts. */
  const tip = byId("tip");
  function showTip(text, x, y) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18) + "px";
  }
  const hideTip = () => { tip.hidden = true; };
  for (const chart of all(".chart")) {
    chart.addEventListener("pointermove", (event) => {
      const mark = event.target.closest('[role="graphics-symbol"][aria-label]');
      if (mark) {
        showTip(mark.getAttribute("aria-label"), event.clientX, event.clientY);
      } else hideTip();
    });
    chart.addEventListener("pointerleave", hideTip);
  }

  /* Which part of a map is shown. The rule is that of the measures: the most frequent activities,
     among their paths the most frequent, and the widest ways that join each to start and end. */
  const START = -1, END = -2;
  function widestTree(root, links, name) {
    const next = new Map();
    for (const [from, to, count, n] of links) {
      if (!next.has(from)) next.set(from, []);
      next.get(from).push({ width: count, to, from, n });
    }
    const before = (a, b) => a.width !== b.width ? a.width > b.width
      : name(a.to) !== name(b.to) ? name(a.to) < name(b.to) : name(a.from) < name(b.from);
    const reached = new Set([root]), used = [], open = [...(next.get(root) || [])];
    while (open.length) {
      let best = 0;
      for (let i = 1; i < open.length; i++) if (before(open[i], open[best])) best = i;
      const [step] = open.splice(best, 1);
      if (reached.has(step.to)) continue;
      reached.add(step.to);
      used.push(step.n);
      for (const more of next.get(step.to) || []) {
        if (!reached.has(more.to)) open.push({ ...more, width: Math.min(step.width, more.width) });
      }
    }
    return used;
  }
  function selection(map, activities, share) {
    const boxes = new Set(map.boxes.keys());
    for (const n of map.boxes.keys()) if (n >= activities) boxes.delete(n);
    const among = [];
    map.arrows.forEach((arrow, n) => {
      const from = arrow.from < 0 ? START : arrow.from, to = arrow.to < 0 ? END : arrow.to;
      const inside = (from === START || boxes.has(from)) && (to === END || boxes.has(to));
      if (inside) among.push([from, to, arrow.count, n]);
    });
    const arrows = new Set(among.slice(0, Math.ceil(share / 100 * among.length - 1e-6)).map((a) => a[3]));
    const name = (n) => n === START ? "\u0000begin" : n === END ? "\u0000end" : map.boxes[n].name;
    const inner = (root) => ([a, b]) => [a, b].every((n) => n >= 0 || n === root);
    const back = among.map(([a, b, count, n]) => [b, a, count, n]);
    for (const n of widestTree(START, among.filter(inner(START)), name)) arrows.add(n);
    for (const n of widestTree(END, back.filter(inner(END)), name)) arrows.add(n);
    return { boxes, arrows, among: among.length };
  }

  class MapView {
    constructor(map, holder) {
      this.map = map;
      this.svg = holder.querySelector("svg");
      this.scene = this.svg.querySelector(".scene");
      this.boxes = map.boxes.map((_, n) => this.scene.querySelector(`[data-box="${n}"]`));
      this.lines = map.arrows.map((_, n) => this.scene.querySelector(`g[data-arrow="${n}"]`));
      this.labels = map.arrows.map((_, n) => this.scene.querySelector(`text[data-arrow="${n}"]`));
      const [, , width, height] = this.svg.getAttribute("viewBox").split(" ").map(Number);
      this.full = { x: 0, y: 0, w: width, h: height };
      this.at = { ...map.at };
      this.measure = 0;
      this.picked = null;
      for (const title of all("title", this.scene)) title.remove();
      this.boxes.forEach((g, n) => {
        g.setAttribute("tabindex", "0");
        g.setAttribute("role", "button");
        g.setAttribute("aria-label", map.boxes[n].name);
        g.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.pick("box", n); }
        });
      });
      this.svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
      this.refresh();
    }
    refresh() {
      const shown = this.shown = selection(this.map, this.at.activities, this.at.paths);
      this.boxes.forEach((g, n) => this.toggle(g, shown.boxes.has(n)));
      this.lines.forEach((g, n) => {
        this.toggle(g, shown.arrows.has(n));
        this.toggle(this.labels[n], shown.arrows.has(n));
      });
      this.boxes.forEach((g, n) => {
        const box = this.map.boxes[n];
        g.setAttribute("fill", box.ink[this.measure]);
        g.querySelector("rect").setAttribute("fill", box.fill[this.measure]);
        g.querySelector(".box-figure").textContent = box.figure[this.measure];
        g.setAttribute("tabindex", shown.boxes.has(n) ? "0" : "-1");
      });
      this.lines.forEach((g, n) => {
        const colour = this.map.arrows[n].colour[this.measure];
        g.setAttribute("stroke", colour);
        g.setAttribute("fill", colour);
      });
      this.labels.forEach((label, n) => { label.textContent = this.map.arrows[n].figure[this.measure]; });
      this.mark();
    }
    toggle(element, visible) {
      element.classList.toggle("gone", !visible);
      element.setAttribute("aria-hidden", String(!visible));
    }
    mark() {
      const near = new Set(), picked = this.picked;
      if (picked && picked.kind === "box") near.add(picked.n);
      const linked = (n) => {
        const arrow = this.map.arrows[n];
        if (!picked) return true;
        if (picked.kind === "arrow") return picked.n === n;
        return arrow.from === picked.n || arrow.to === picked.n;
      };
      this.lines.forEach((g, n) => {
        const on = linked(n);
        g.classList.toggle("dim", !on);
        this.labels[n].classList.toggle("dim", !on);
        if (on && this.shown.arrows.has(n)) { near.add(this.map.arrows[n].from); near.add(this.map.arrows[n].to); }
      });
      this.boxes.forEach((g, n) => {
        g.classList.toggle("dim", Boolean(picked) && !near.has(n));
        g.classList.toggle("picked", Boolean(picked) && picked.kind === "box" && picked.n === n);
      });
    }
    pick(kind, n) {
      this.picked = kind === null ? null : { kind, n };
      this.mark();
      showDetails(this);
    }
    bounds() {
      const frame = [Infinity, Infinity, -Infinity, -Infinity];
      const shift = this.scene.transform.baseVal.consolidate().matrix;
      for (const g of [...this.boxes, ...this.lines, ...all(".marker", this.scene)]) {
        if (g.classList.contains("gone")) continue;
        const b = g.getBBox();
        frame[0] = Math.min(frame[0], b.x + shift.e); frame[1] = Math.min(frame[1], b.y + shift.f);
        frame[2] = Math.max(frame[2], b.x + b.width + shift.e); frame[3] = Math.max(frame[3], b.y + b.height + shift.f);
      }
      return { x: frame[0] - 36, y: frame[1] - 16, w: frame[2] - frame[0] + 72, h: frame[3] - frame[1] + 32 };
    }
    look(view) {
      this.view = view;
      this.svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    }
    scale() {
      const room = this.svg.getBoundingClientRect();
      return Math.min(room.width / this.view.w, room.height / this.view.h) || 1;
    }
    fit() { this.look(this.bounds()); }
    /* At first as much as can be read: the whole, or the top of it at reading size. */
    open() {
      const whole = this.bounds(), room = this.svg.getBoundingClientRect();
      this.look(whole);
      const least = 0.85;
      if (this.scale() >= least || !room.width) return;
      const w = room.width / least, h = room.height / least;
      const start = this.scene.querySelector('[data-marker="start"]').getBBox();
      const shift = this.scene.transform.baseVal.consolidate().matrix;
      const middle = start.x + start.width / 2 + shift.e;
      const x = w >= whole.w ? whole.x + (whole.w - w) / 2
        : Math.max(whole.x, Math.min(middle - w / 2, whole.x + whole.w - w));
      this.look({ x, y: whole.y, w, h });
    }
    zoom(factor, x, y) {
      const room = this.svg.getBoundingClientRect(), v = this.view, s = this.scale();
      const cx = x === undefined ? v.x + v.w / 2 : v.x + v.w / 2 + (x - room.left - room.width / 2) / s;
      const cy = y === undefined ? v.y + v.h / 2 : v.y + v.h / 2 + (y - room.top - room.height / 2) / s;
      const w = Math.max(120, Math.min(v.w / factor, this.full.w * 4)), k = w / v.w;
      this.look({ x: cx - (cx - v.x) * k, y: cy - (cy - v.y) * k, w, h: v.h * k });
    }
    pan(dx, dy) {
      const s = this.scale();
      this.look({ ...this.view, x: this.view.x - dx / s, y: this.view.y - dy / s });
    }
  }

  const frame = byId("map-view");
  const views = frame ? data.maps.map((m, n) => new MapView(m, frame.querySelector(`[data-map="${n}"]`))) : [];
  let current = views[0];

  function facts(list) {
    const dl = make("dl");
    for (const [name, value] of list) dl.append(make("dt", name), make("dd", value));
    return dl;
  }
  function neighbours(view, title, list, end) {
    const part = document.createDocumentFragment();
    if (!list.length) return part;
    part.append(make("h5", title));
    const table = make("table");
    for (const n of list) {
      const arrow = view.map.arrows[n], other = arrow[end];
      const name = other >= 0 ? view.map.boxes[other].name : end === "from" ? words.start : words.end;
      const row = make("tr"), cell = make("td"), button = make("button", name, { type: "button" });
      button.addEventListener("click", () => view.pick("arrow", n));
      cell.append(button);
      row.append(cell, make("td", arrow.figure[0]), make("td", other >= 0 ? arrow.figure[1] : ""));
      table.append(row);
    }
    part.append(table);
    return part;
  }
  function showDetails(view) {
    const panel = byId("map-details");
    panel.replaceChildren();
    if (!view.picked) { panel.append(make("p", words.details_hint, { class: "hint" })); return; }
    const close = make("button", "×", { type: "button", class: "close", "aria-label": words.close });
    close.addEventListener("click", () => view.pick(null));
    panel.append(close);
    const { kind, n } = view.picked, map = view.map;
    if (kind === "arrow") {
      const arrow = map.arrows[n];
      const from = arrow.from >= 0 ? map.boxes[arrow.from].name : words.start;
      const to = arrow.to >= 0 ? map.boxes[arrow.to].name : words.end;
      panel.append(make("h4", `${from} → ${to}`), facts(arrow.facts));
      return;
    }
    const ins = [], outs = [];
    map.arrows.forEach((arrow, i) => {
      if (arrow.to === n) ins.push(i);
      if (arrow.from === n) outs.push(i);
    });
    panel.append(make("h4", map.boxes[n].name), facts(map.boxes[n].facts));
    panel.append(neighbours(view, words.comes_from, ins, "from"), neighbours(view, words.goes_to, outs, "to"));
  }

  function controls() {
    const activities = byId("slide-activities"), paths = byId("slide-paths");
    const say = () => {
      const { map, at, shown } = current;
      activities.max = map.boxes.length;
      activities.value = at.activities;
      paths.value = at.paths;
      activities.nextElementSibling.textContent = `${number(shown.boxes.size)} / ${number(map.boxes.length)}`;
      paths.nextElementSibling.textContent = `${number(shown.arrows.size)} / ${number(shown.among)}`;
      byId("map-hidden").textContent = fill(words.map_hidden, {
        activities: number(shown.boxes.size), all_activities: number(map.all.activities),
        paths: number(shown.arrows.size), all_paths: number(map.all.paths),
      });
      all("[data-scale]").forEach((e) => { e.textContent = map.scale[e.dataset.scale]; });
      byId("legend-box").hidden = current.measure === 1;
      const byKind = map.kinds.length > 0 && current.measure === 0, kinds = byId("legend-kinds");
      byId("legend-time").hidden = byKind;
      kinds.hidden = !byKind;
      all("em", kinds).forEach((e) => e.remove());
      for (const [name, colour] of map.kinds) kinds.append(make("em", name, { style: `--kind:${colour}` }));
      byId("legend-wait").hidden = current.measure === 0;
      all("[data-measure]").forEach((b) => b.setAttribute("aria-pressed", String(Number(b.dataset.measure) === current.measure)));
    };
    activities.addEventListener("input", () => { current.at.activities = Number(activities.value); current.refresh(); say(); });
    paths.addEventListener("input", () => { current.at.paths = Number(paths.value); current.refresh(); say(); });
    all("[data-measure]").forEach((b) => b.addEventListener("click", () => {
      for (const view of views) { view.measure = Number(b.dataset.measure); view.refresh(); }
      say();
    }));
    all("[data-zoom]").forEach((b) => b.addEventListener("click", () => {
      if (b.dataset.zoom === "fit") current.fit(); else current.zoom(b.dataset.zoom === "in" ? 1.3 : 1 / 1.3);
    }));
    const choose = byId("map-type");
    if (choose) choose.addEventListener("change", () => {
      current = views[Number(choose.value)];
      all(".drawing").forEach((d) => { d.hidden = d.dataset.map !== choose.value; });
      if (!current.view) current.open();
      showDetails(current);
      say();
    });
    all(".tools").forEach((t) => { t.hidden = false; });
    say();
    current.open();
  }

  function gestures() {
    const touches = new Map();
    let moved = 0, gap = 0;
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== frame && !frame.contains(document.activeElement)) return;
      event.preventDefault();
      current.zoom(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY);
    }, { passive: false });
    frame.addEventListener("pointerdown", (event) => {
      touches.set(event.pointerId, event);
      moved = 0;
      frame.focus({ preventScroll: true });
    });
    addEventListener("pointermove", (event) => {
      const before = touches.get(event.pointerId);
      if (!before) return;
      touches.set(event.pointerId, event);
      moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
      if (touches.size === 2) {
        const [a, b] = [...touches.values()];
        const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (gap) current.zoom(apart / gap, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
        gap = apart;
      } else if (moved > 4) {
        frame.classList.add("dragging");
        hideTip();
        current.pan(event.clientX - before.clientX, event.clientY - before.clientY);
      }
    });
    const release = (event) => { touches.delete(event.pointerId); gap = 0; frame.classList.remove("dragging"); };
    addEventListener("pointerup", release);
    addEventListener("pointercancel", release);
    frame.addEventListener("click", (event) => {
      if (moved > 4) return;
      const box = event.target.closest("[data-box]"), arrow = event.target.closest("[data-arrow]");
      if (box) current.pick("box", Number(box.dataset.box));
      else if (arrow) current.pick("arrow", Number(arrow.dataset.arrow));
      else current.pick(null);
    });
    frame.addEventListener("pointerover", (event) => {
      if (touches.size) return;
      const box = event.target.closest("[data-box]"), arrow = event.target.closest("[data-arrow]");
      if (box) {
        const { name, facts: list } = current.map.boxes[Number(box.dataset.box)];
        showTip(`${name} · ${list.slice(0, 2).map((f) => f.join(" ")).join(" · ")}`, event.clientX, event.clientY);
      } else if (arrow) showTip(current.map.arrows[Number(arrow.dataset.arrow)].title, event.clientX, event.clientY);
      else hideTip();
    });
    frame.addEventListener("pointerleave", hideTip);
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    frame.addEventListener("keydown", (event) => {
      if (event.key in steps) current.pan(...steps[event.key]);
      else if (event.key === "+" || event.key === "=") current.zoom(1.3);
      else if (event.key === "-") current.zoom(1 / 1.3);
      else if (event.key === "0") current.fit();
      else if (event.key === "Escape") current.pick(null);
      else return;
      event.preventDefault();
    });
  }
  if (current) { controls(); gestures(); }

  /* Tables: sort, search, more rows, save. The first rows stand in the page already. */
  const FIRST = 12, STEP = 50;
  for (const holder of all("[data-table]")) {
    const { rows, total } = data.tables[holder.dataset.table];
    const heads = all("th", holder), body = holder.querySelector("tbody"), search = holder.querySelector("input");
    const kinds = heads.map((th) => th.className);
    const text = (cell) => Array.isArray(cell) ? cell[0] : cell;
    const value = (cell) => Array.isArray(cell) ? cell[1] : cell;
    const lowered = rows.map((row) => row.map(text).join("\u0001").toLowerCase());
    let order = rows.map((_, n) => n), limit = FIRST, found = order;
    const more = holder.querySelector(".more"), shown = holder.querySelector(".shown"), save = holder.querySelector(".save");
    const draw = () => {
      const wanted = search ? search.value.trim().toLowerCase() : "";
      found = wanted ? order.filter((n) => lowered[n].includes(wanted)) : order;
      const lines = found.slice(0, limit).map((n) => {
        const tr = make("tr");
        rows[n].forEach((cell, c) => tr.append(make("td", text(cell), { class: kinds[c] })));
        return tr;
      });
      body.replaceChildren(...lines);
      tell();
    };
    const tell = () => {
      const count = Math.min(limit, found.length);
      const values = { shown: number(count), found: number(found.length), total: number(total), held: number(rows.length) };
      shown.textContent = rows.length > FIRST ? fill(total > rows.length ? words.rows_cut : words.rows_shown, values) : "";
      more.hidden = found.length <= limit;
    };
    heads.forEach((th, c) => th.querySelector("button").addEventListener("click", () => {
      const rising = th.getAttribute("aria-sort") === "descending" || (th.getAttribute("aria-sort") === "none" && kinds[c] === "k-text");
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      th.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const collate = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
      const compare = (a, b) => {
        const x = value(rows[a][c]), y = value(rows[b][c]);
        if (x === null || y === null) return (x === null) - (y === null) || a - b;
        const apart = typeof x === "number" ? x - y : collate(x, y);
        return (rising ? apart : -apart) || a - b;
      };
      order = order.slice().sort(compare);
      draw();
    }));
    if (search) { search.hidden = false; search.addEventListener("input", () => { limit = FIRST; draw(); }); }
    more.addEventListener("click", () => { limit += STEP; draw(); });
    save.hidden = false;
    save.addEventListener("click", () => {
      const quote = (v) => {
        const s = v === null ? "" : String(v);
        return `"${(/^[=+\-@\t\r]/.test(s) && typeof v !== "number" ? "'" + s : s).replaceAll('"', '""')}"`;
      };
      const lines = [heads.map((th) => quote(th.textContent))];
      for (const n of found) lines.push(rows[n].map((cell) => quote(value(cell))));
      const blob = new Blob(["\ufeff" + lines.map((l) => l.join(",")).join("\r\n")], { type: "text/csv" });
      const link = make("a", null, { href: URL.createObjectURL(blob), download: `${holder.dataset.table}.csv` });
      link.click();
      URL.revokeObjectURL(link.href);
    });
    tell();
  }

  /* Where the reader is. */
  const links = new Map(all(".contents a").map((a) => [a.getAttribute("href").slice(1), a]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((a) => a.classList.remove("here"));
      links.get(entry.target.id)?.classList.add("here");
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  all("#verdict, main > section").forEach((s) => watch.observe(s));

  addEventListener("beforeprint", () => { all("details.finding").forEach((d) => { d.open = true; }); if (current) current.fit(); });
})();
