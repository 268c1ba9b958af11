// Forms for JSON columns. From a JSON Schema, inputs are made beside a textarea of JSON, which is what is sent: each
// change is written into it, and what no input shows is carried along as it was. The parts of a value are "nodes",
// {element, get(), focus()}; get() returns undefined for what is not there.
//
// Hints in a schema: "x-layout" is "grid" (a row each property) or "inline" (properties side by side); "x-open" lets
// people add properties of their own; "x-show" {sibling: [values]} says when a property is of interest; "x-from" names
// the sibling that an id is made from; "x-choices" names the property of the root's items that is chosen from;
// "x-labels", "x-add", "x-summary", "x-instructions" and "x-input" are words and kinds of input.

import { TIME_ZONES, el, freshId, isObject, kindOf, parse } from "./dom.js";
import { Containers } from "./containers.js";
import { offerTimeZones } from "./inputs.js";
class Form extends Containers {
  constructor(container) {
    super();
    this.container = container;
    this.textarea = container.querySelector("textarea");
    Object.assign(this, JSON.parse(container.querySelector("script").textContent));
    this.id = this.textarea.id || freshId();
    this.label = document.querySelector(`label[for="${this.id}"]`);
    this.name = this.label ? this.label.textContent.replace(/[*:]/g, "").trim() : this.textarea.name;
    this.live = el("p", { class: "json-form-live", "aria-live": "polite" });
    this.notice = el("p", { class: "json-form-notice", role: "status", hidden: true });
    this.body = el("div", {
      class: "json-form-body",
      role: "group",
      "aria-label": this.name,
      "aria-describedby": this.textarea.getAttribute("aria-describedby") ?? undefined,
    });
    this.buttons = ["form", "raw"].map((view) =>
      el("button", { type: "button", "data-view": view, click: () => this.show(view) }, this.words[view]),
    );
    this.views = el(
      "div",
      { class: "json-form-views", role: "group", "aria-label": `${this.name}: ${this.words.view}` },
      ...this.buttons,
    );
    container.prepend(this.views, this.notice, this.body, this.live);
    this.body.addEventListener("input", () => this.write());
    this.body.addEventListener("change", () => this.write());
    // Enter adds a line rather than saving a form that is half filled in.
    this.body.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
    });
    container.closest("form")?.addEventListener("submit", (event) => {
      const broken = this.view === "form" && this.body.querySelector("[data-broken]");
      if (broken) {
        event.preventDefault();
        event.stopImmediatePropagation();
        broken.focus();
      }
    });
    if (this.source) this.follow();
    this.show("form");
    for (const fault of this.view === "form" ? this.faults : []) this.mark(fault);
  }

  say(word, ...values) {
    return values.reduce((text, value) => text.replace("%s", () => value), this.words[word]);
  }

  announce(text) {
    this.live.textContent = text;
  }

  tell(text) {
    this.notice.textContent = text;
    this.notice.hidden = !text;
  }

  /** Show the form or the JSON, or neither while nobody knows what to ask; what is no JSON yet stays in the textarea. */
  show(view) {
    this.tell("");
    if (view === "form" && !(this.schema || !this.source)) {
      this.tell(this.words.choose);
      view = "none";
    } else if (view === "form" && this.view !== "form") {
      try {
        this.build(this.textarea.value.trim() ? parse(this.textarea.value, this.words) : null);
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
        this.tell(error instanceof RangeError ? error.message : this.say("noJson", error.message));
        view = "raw";
      }
    }
    this.view = view;
    this.body.hidden = view !== "form";
    this.textarea.hidden = view !== "raw";
    this.views.hidden = view === "none";
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }

  build(value) {
    this.places = new Map();
    this.original = value;
    this.root = this.node(this.schema || {}, value === null ? undefined : value, [], { label: this.name });
    this.body.replaceChildren(...this.instructions(), this.root.element);
    this.refresh();
  }

  /** Make what the schema's author says to whoever fills it in; open while there is nothing filled in yet. */
  instructions() {
    const words = this.schema?.["x-instructions"];
    if (!words) return [];
    const text = el("p", {}, words);
    return [
      el("details", { class: "json-form-instructions", open: Boolean(this.source) }, el("summary", {}, this.words.instructions), text),
    ];
  }

  refresh() {
    for (const element of this.body.querySelectorAll("[data-depends]")) element.refresh();
  }

  write() {
    this.refresh();
    const value = this.root.get();
    const text = value === undefined ? JSON.stringify(this.original ?? null) : JSON.stringify(value, null, 2);
    if (text === this.textarea.value) return;
    this.textarea.value = text;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
  }

  mark(fault) {
    for (let length = fault.path.length; length >= 0; length--) {
      const place = this.places.get(JSON.stringify(fault.path.slice(0, length)));
      if (!place) continue;
      const missed = fault.path.slice(length).join(", ");
      const id = freshId();
      place.append(el("p", { class: "json-form-error", id }, missed ? `${missed}: ${fault.detail}` : fault.detail));
      const control = place.querySelector("input, select, textarea");
      if (control && !missed) {
        control.setAttribute("aria-invalid", "true");
        control.setAttribute("aria-describedby", `${control.getAttribute("aria-describedby") || ""} ${id}`.trim());
      }
      for (let part = place; part !== this.body; part = part.parentElement) part.open?.();
      return;
    }
  }

  /** Fetch the schema that belongs to what is chosen elsewhere in the form. */
  follow() {
    const select = document.querySelector(`[name="${this.source}"]`);
    let loaded = select?.value;
    const load = async () => {
      if (select.value === loaded) return;
      loaded = select.value;
      const kept = this.view === "form" ? this.root.get() : undefined;
      this.schema = null;
      if (select.value) {
        const answer = await fetch(`${this.url}?id=${encodeURIComponent(select.value)}`, {
          headers: { Accept: "application/json" },
        });
        if (answer.ok) this.schema = await answer.json();
      }
      const known = Object.entries(isObject(kept) ? kept : {}).filter(([name]) => this.schema?.properties?.[name]);
      if (this.view === "form") this.textarea.value = JSON.stringify(Object.fromEntries(known), null, 2);
      this.view = undefined;
      this.show("form");
    };
    // Select2 tells jQuery alone.
    if (select && window.django?.jQuery) window.django.jQuery(select).on("change", load);
  }

  // Nodes

  resolve(schema) {
    if (schema === true || !isObject(schema)) return {};
    const reference = typeof schema.$ref === "string" && schema.$ref.match(/^#\/(.+)$/);
    if (!reference) return schema;
    const found = reference[1]
      .split("/")
      .reduce((node, name) => node?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], this.schema);
    const { $ref, ...rest } = schema;
    return { ...(isObject(found) && found !== schema ? found : {}), ...rest };
  }

  /** Make the node of a value. `context` has what surrounds it: label, required, compact, siblings. */
  node(schema, value, path, context = {}) {
    schema = this.resolve(schema);
    context = { ...context, label: schema.title || context.label };
    if (schema.secret) return this.secret(schema, value, path, context);
    if (schema.oneOf?.every((one) => isObject(one) && one.type)) return this.alternatives(schema, value, path, context);
    const types = [].concat(schema.type ?? []).filter((type) => type !== "null");
    const type = types.length === 1 ? types[0] : undefined;
    const has = kindOf(value);
    const guess =
      type ??
      (schema.properties ? "object" : schema.items ? "array" : has === "undefined" || has === "null" ? "string" : has);
    const container = guess === "object" || guess === "array" ? guess : undefined;
    if (container && (value === undefined || value === null || has === container)) {
      return container === "object"
        ? this.object(schema, value, path, context)
        : this.array(schema, value, path, context);
    }
    if (container || has === "object" || has === "array") return this.json(schema, value, path, context);
    if (schema["x-choices"]) return this.choice(schema, value, path, context);
    if (schema.enum)
      return this.select(
        schema,
        value,
        path,
        context,
        schema.enum.filter((one) => one !== null),
      );
    if (guess === "boolean" && (has === "boolean" || has === "undefined") && ![].concat(schema.type).includes("null"))
      return this.checkbox(schema, value, path, context);
    if (guess === "boolean") return this.select(schema, value, path, context, [true, false]);
    return this.input(schema, value, path, context, guess);
  }
}

function start() {
  for (const container of document.querySelectorAll("[data-json-form]")) new Form(container);
  if (document.querySelector(`[list="${TIME_ZONES}"]`)) offerTimeZones();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
