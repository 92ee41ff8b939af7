"use strict";
(() => {
  /* What stands behind a figure: on click or Enter, in a panel that Escape closes. Without the
     script the same links lead to the notes at the end of the page. */
  const data = JSON.parse(document.getElementById("data").textContent);
  const { figures, words, book } = data;
  const panel = document.getElementById("evidence-panel");
  if (!panel || !panel.showModal) return;
  let trail = [];

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }
  function part(title, content) {
    const holder = make("div", null, { class: "part" });
    holder.append(make("h3", title));
    if (Array.isArray(content)) {
      const list = make("ul");
      for (const item of content) {
        const line = make("li");
        line.append(item);
        list.append(line);
      }
      holder.append(list);
    } else holder.append(make("p", content));
    return holder;
  }
  function link([id, name, value]) {
    const button = make("button", `${name} · ${value}`, { type: "button", class: "inner" });
    button.addEventListener("click", () => show([...trail, id]));
    return button;
  }
  function show(ids) {
    trail = ids;
    const id = ids[ids.length - 1], figure = figures[id];
    const bar = make("div", null, { class: "bar" });
    if (ids.length > 1) {
      const back = make("button", `← ${words.ev_back}`, { type: "button" });
      back.addEventListener("click", () => show(ids.slice(0, -1)));
      bar.append(back);
    }
    const close = make("button", "×", { type: "button", class: "close", "aria-label": words.ev_close });
    close.addEventListener("click", () => panel.close());
    bar.append(close);
    const head = make("h2", figure.name, { id: "evidence-title", tabindex: "-1" });
    const parts = [bar, head, make("p", figure.value, { class: "value" })];
    parts.push(part(words.ev_known, figure.known));
    if (figure.missing.length) parts.push(part(words.ev_missing, figure.missing));
    if (figure.method) parts.push(part(words.ev_method, figure.method));
    if (figure.assumptions.length) parts.push(part(words.ev_assumptions, figure.assumptions));
    if (figure.checks.length) parts.push(part(words.ev_checks, figure.checks));
    if (figure.inputs.length) parts.push(part(words.ev_inputs, figure.inputs.map(link)));
    if (figure.rows.length) parts.push(part(words.ev_rows, figure.rows));
    const holder = make("div", null, { class: "part" });
    holder.append(make("h3", words.ev_request));
    if (figure.request) holder.append(make("pre", figure.request));
    holder.append(make("p", words.ev_explain.replace("{command}", `thalweg explain "${book}" "${id}"`), { class: "command" }));
    parts.push(holder);
    panel.replaceChildren(...parts);
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
    head.focus();
  }
  document.addEventListener("click", (event) => {
    const one = event.target.closest("a.fig");
    if (!one || !(one.dataset.figure in figures) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show([one.dataset.figure]);
  });
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
})();
