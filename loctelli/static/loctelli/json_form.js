// Forms for JSON columns. From a JSON Schema, inputs are made beside a textarea of JSON, which is what is sent: each
// change is written into it, and what no input shows is carried along as it was. The parts of a value are "nodes",
// {element, get(), focus()}; get() returns undefined for what is not there.
//
// Hints in a schema: "x-layout" is "grid" (a row each property) or "inline" (properties side by side); "x-open" lets
// people add properties of their own; "x-show" {sibling: [values]} says when a property is of interest; "x-from" names
// the sibling that an id is made from; "x-choices" names the property of the root's items that is chosen from;
// "x-labels", "x-add", "x-summary" and "x-input" are words and kinds of input.
"use strict";

(() => {
  let serial = 0;
  const TIME_ZONES = "json-form-time-zones";
  const PATTERNS = { date: /^\d{4}-\d\d-\d\d$/, time: /^\d\d:\d\d$/ };
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const isSet = (value) => isObject(value) && value.set === true;
  const kindOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

  /** Make an element; attributes that are functions are listeners, text children stay text. */
  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null));
    return element;
  }

  const icon = (name) => el("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);

  /** Parse JSON; throws on what would not survive being written again. */
  function parse(text, words) {
    const value = JSON.parse(text);
    const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
    const count = (node) =>
      node === null || typeof node !== "object"
        ? 0
        : Object.values(node).reduce((sum, child) => sum + count(child), Array.isArray(node) ? 0 : Object.keys(node).length);
    if ((bare.match(/""\s*:/g) || []).length !== count(value)) throw new SyntaxError(words.twice);
    for (const number of bare.match(/-?\d[\d.eE+-]*/g) || []) {
      const digits = number.replace(/[eE].*|[-.]/g, "").replace(/^0+/, "");
      if (digits.length > 15 && !(Number.isSafeInteger(Number(number)) && /^-?\d+$/.test(number))) throw new RangeError(words.inexact);
    }
    return value;
  }

  class Form {
    constructor(container) {
      this.container = container;
      this.textarea = container.querySelector("textarea");
      Object.assign(this, JSON.parse(container.querySelector("script").textContent));
      this.id = this.textarea.id || `json-form-${++serial}`;
      this.label = document.querySelector(`label[for="${this.id}"]`);
      this.name = this.label ? this.label.textContent.replace(/[*:]/g, "").trim() : this.textarea.name;
      this.live = el("p", { class: "json-form-live", "aria-live": "polite" });
      this.notice = el("p", { class: "json-form-notice", role: "status", hidden: true });
      this.body = el("div", { class: "json-form-body", role: "group", "aria-label": this.name, "aria-describedby": this.textarea.getAttribute("aria-describedby") ?? undefined });
      this.buttons = ["form", "raw"].map((view) =>
        el("button", { type: "button", "data-view": view, click: () => this.show(view) }, this.words[view]),
      );
      const views = el("div", { class: "json-form-views", role: "group", "aria-label": `${this.name}: ${this.words.view}` }, ...this.buttons);
      container.prepend(views, this.notice, this.body, this.live);
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

    /** Show the form or the JSON; what is no JSON yet stays in the textarea. */
    show(view) {
      this.tell("");
      if (view === "form" && !(this.schema || !this.source)) {
        this.tell(this.words.choose);
        view = "raw";
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
      this.textarea.hidden = view === "form";
      for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    }

    build(value) {
      this.places = new Map();
      this.original = value;
      this.root = this.node(this.schema || {}, value === null ? undefined : value, [], { label: this.name });
      this.body.replaceChildren(this.root.element);
      this.refresh();
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
        const id = `json-form-error-${++serial}`;
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
          const answer = await fetch(`${this.url}?id=${encodeURIComponent(select.value)}`, { headers: { Accept: "application/json" } });
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
      const found = reference[1].split("/").reduce((node, name) => node?.[name.replace(/~1/g, "/").replace(/~0/g, "~")], this.schema);
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
      const guess = type ?? (schema.properties ? "object" : schema.items ? "array" : has === "undefined" || has === "null" ? "string" : has);
      const container = guess === "object" || guess === "array" ? guess : undefined;
      if (container && (value === undefined || value === null || has === container)) {
        return container === "object" ? this.object(schema, value, path, context) : this.array(schema, value, path, context);
      }
      if (container || has === "object" || has === "array") return this.json(schema, value, path, context);
      if (schema["x-choices"]) return this.choice(schema, value, path, context);
      if (schema.enum) return this.select(schema, value, path, context, schema.enum.filter((one) => one !== null));
      if (guess === "boolean" && (has === "boolean" || has === "undefined") && ![].concat(schema.type).includes("null")) return this.checkbox(schema, value, path, context);
      if (guess === "boolean") return this.select(schema, value, path, context, [true, false]);
      return this.input(schema, value, path, context, guess);
    }

    /** Put label, help and a place for errors around an input. */
    field(control, schema, path, { label, required, compact }, ...more) {
      control.id ||= `json-form-${++serial}`;
      if (required) control.setAttribute("aria-required", "true");
      let help;
      if (schema.description && !compact) {
        help = el("p", { class: "json-form-help", id: `${control.id}-help` }, schema.description);
        control.setAttribute("aria-describedby", help.id);
      }
      const words = el("label", { for: control.id, class: compact ? "json-form-compact-label" : "json-form-label" }, label ?? "", required && !compact ? el("span", { class: "json-form-required", "aria-hidden": "true" }, "*") : "");
      const row = control.type === "checkbox" ? el("div", { class: "json-form-check" }, control, words) : undefined;
      const element = el("div", { class: "json-form-field" }, ...(row ? [row] : [words, control]), ...more, help);
      this.places.set(JSON.stringify(path), element);
      return element;
    }

    input(schema, value, path, context, type) {
      const number = type === "number" || type === "integer";
      const text = value === undefined || value === null ? "" : String(value);
      const wanted = schema["x-input"] ?? { date: "date", email: "email", uri: "url" }[schema.format];
      const long = !number && !wanted && !schema.format && !schema.pattern && ((schema.maxLength ?? 0) > 500 || text.includes("\n"));
      const control = el(long ? "textarea" : "input", {
        class: "json-form-input",
        rows: long && "2",
        type: long ? undefined : text && PATTERNS[wanted] && !PATTERNS[wanted].test(text) ? "text" : (wanted ?? "text"),
        inputmode: number && (type === "integer" ? "numeric" : "decimal"),
        list: schema.format === "timezone" && TIME_ZONES,
        autocomplete: "off",
        placeholder: schema.default !== undefined && String(schema.default),
      });
      control.value = text;
      if (schema.format === "timezone") offerTimeZones();
      let touched = false;
      control.addEventListener("input", () => { touched = true; });
      const get = () => {
        if (!touched) return value;
        if (control.value === "" && !context.item) return undefined;
        // What is no number stays text, and the server says so.
        return number && /^\s*-?\d+(\.\d+)?\s*$/.test(control.value) && control.value.trim().length <= 16 ? Number(control.value) : control.value;
      };
      if (schema["x-from"]) {
        const follows = value === undefined;
        control.dataset.depends = "";
        control.refresh = () => {
          if (!follows || touched) return;
          const from = context.siblings?.()[schema["x-from"]];
          control.value = typeof from === "string" ? from.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60) : "";
          value = control.value || undefined;
        };
      }
      const clear = () => { control.value = ""; touched = true; };
      return { element: this.field(control, schema, path, context), get, clear, focus: () => control.focus() };
    }

    checkbox(schema, value, path, context) {
      const control = el("input", { type: "checkbox", class: "json-form-checkbox" });
      control.checked = value ?? false;
      let touched = false;
      control.addEventListener("change", () => { touched = true; });
      return { element: this.field(control, schema, path, context), get: () => (touched ? control.checked : value), focus: () => control.focus() };
    }

    select(schema, value, path, context, values) {
      const labels = schema["x-labels"] ?? {};
      const words = (one) => (typeof one === "boolean" ? this.words[one ? "yes" : "no"] : (labels[one] ?? String(one)));
      const offered = value === undefined || value === null || values.includes(value) ? values : [...values, value];
      const options = offered.map((one, index) => el("option", { value: index, selected: one === value }, words(one)));
      if (!context.required || value === undefined) options.unshift(el("option", { value: "" }, "–"));
      const control = el("select", { class: "json-form-input" }, ...options);
      let touched = false;
      control.addEventListener("change", () => { touched = true; });
      const get = () => (!touched ? value : control.value === "" ? undefined : offered[control.value]);
      return { element: this.field(control, schema, path, context), get, focus: () => control.focus() };
    }

    /** A choice among the items of the whole value, such as the fields of a form. */
    choice(schema, value, path, context) {
      const control = el("select", { class: "json-form-input", "data-depends": true });
      let current = value;
      control.refresh = () => {
        const items = this.root?.get() ?? this.original ?? [];
        const found = (Array.isArray(items) ? items : []).filter((item) => isObject(item) && item[schema["x-choices"]]);
        const offered = new Map(found.map((item) => [item[schema["x-choices"]], item.label || item[schema["x-choices"]]]));
        if (current !== undefined && !offered.has(current)) offered.set(current, current);
        control.replaceChildren(el("option", { value: "" }, "–"), ...[...offered].map(([key, label]) => el("option", { value: key, selected: key === current }, label)));
      };
      control.refresh();
      // Before the form hears of it and has the choices made anew.
      control.addEventListener("input", () => { current = control.value || undefined; });
      return { element: this.field(control, schema, path, context), get: () => current, focus: () => control.focus() };
    }

    /** A secret goes in and never comes out: whether it is set is all there is to see. */
    secret(schema, value, path, context) {
      const control = el("input", { type: "password", class: "json-form-input", autocomplete: "new-password", hidden: true });
      const state = el("span", { class: "json-form-state" });
      let current = value;
      const button = (word, action) =>
        el("button", { type: "button", class: "json-form-button", "aria-label": `${this.words[word]}: ${context.label}`, click: () => { action(); draw(); this.write(); } }, this.words[word]);
      const replace = button("replace", () => { control.hidden = false; });
      const enter = button("setIt", () => { control.hidden = false; });
      const clear = button("clear", () => { current = null; control.hidden = true; });
      const undo = button("undo", () => { current = value; control.value = ""; control.hidden = true; });
      const draw = () => {
        const untouched = control.hidden && current === value;
        state.textContent = !control.hidden ? "" : isSet(current) ? this.words.set : isSet(value) ? this.words.willBeCleared : this.words.notSet;
        state.classList.toggle("json-form-set", control.hidden && isSet(current));
        replace.hidden = !(untouched && isSet(value));
        enter.hidden = !(untouched && !isSet(value));
        clear.hidden = !(untouched && isSet(value));
        undo.hidden = untouched;
        if (!control.hidden) control.focus();
        else (this.placed ? [replace, enter, undo].find((one) => !one.hidden) : null)?.focus();
      };
      control.addEventListener("input", () => { current = control.value === "" ? value : control.value; });
      if (typeof value === "string") {
        // Typed before, and not saved yet.
        control.value = value;
        control.hidden = false;
        value = path.reduce((node, name) => node?.[name], this.kept) ?? undefined;
      }
      const focused = document.activeElement;
      draw();
      if (focused !== document.activeElement) document.activeElement?.blur();
      const element = this.field(control, schema, path, context, el("div", { class: "json-form-secret" }, state, replace, enter, clear, undo));
      return { element, get: () => current, focus: () => (control.hidden ? [replace, enter].find((one) => !one.hidden) : control)?.focus() };
    }

    /** What has another type than its schema says, or none that a form could be made of, is changed as JSON. */
    json(schema, value, path, context) {
      const control = el("textarea", { class: "json-form-input json-form-code", rows: "3", spellcheck: "false" });
      control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
      let current = value;
      const trouble = el("p", { class: "json-form-error", hidden: true });
      control.addEventListener("input", () => {
        try {
          current = control.value.trim() ? parse(control.value, this.words) : undefined;
          trouble.hidden = true;
        } catch (error) {
          trouble.hidden = false;
          trouble.textContent = this.say("noJson", error.message);
        }
        control.toggleAttribute("data-broken", !trouble.hidden);
      });
      return { element: this.field(control, schema, path, context, trouble), get: () => current, focus: () => control.focus() };
    }

    alternatives(schema, value, path, context) {
      const fits = (one) => value === undefined || value === null || one.type === kindOf(value);
      let chosen = Math.max(0, schema.oneOf.findIndex(fits));
      const nodes = [];
      const slot = el("div");
      const draw = () => {
        nodes[chosen] ??= this.node(schema.oneOf[chosen], fits(schema.oneOf[chosen]) ? value : undefined, path, { ...context, label: undefined });
        slot.replaceChildren(nodes[chosen].element);
      };
      const control = el(
        "select",
        { class: "json-form-input", change: () => { chosen = Number(control.value); draw(); } },
        ...schema.oneOf.map((one, index) => el("option", { value: index, selected: index === chosen }, one.title ?? one.type)),
      );
      draw();
      const element = el("div", {}, this.field(control, {}, [...path, ""], { label: this.words.kind }), slot);
      this.places.set(JSON.stringify(path), element);
      const empty = () => (schema.oneOf[chosen].type === "array" ? [] : {});
      return { element, get: () => nodes[chosen].get() ?? (fits(schema.oneOf[chosen]) ? undefined : empty()), focus: () => control.focus() };
    }

    object(schema, value, path, context) {
      const layout = schema["x-layout"];
      const properties = schema.properties ?? {};
      const required = schema.required ?? [];
      const nodes = new Map();
      const extra = el("div", { class: "json-form-others" });
      const get = () => {
        const result = {};
        for (const name of new Set([...Object.keys(value ?? {}), ...nodes.keys()])) {
          const part = nodes.get(name)?.get();
          if (part !== undefined) Object.defineProperty(result, name, { value: part, enumerable: true, configurable: true, writable: true });
        }
        return Object.keys(result).length || value || context.item || context.required ? result : undefined;
      };
      const own = (name) => (value && Object.hasOwn(value, name) ? value[name] : undefined);
      const make = (name, definition) => {
        const node = this.node(definition, own(name), [...path, name], {
          label: name,
          required: required.includes(name),
          compact: layout === "inline" && Object.hasOwn(properties, name),
          row: layout === "grid",
          siblings: get,
        });
        nodes.set(name, node);
        return node;
      };
      const parts = Object.entries(properties).map(([name, definition]) => {
        const node = make(name, definition);
        if (layout === "grid") node.element.append(this.copying(properties, nodes, name));
        const when = definition["x-show"];
        if (when) {
          node.element.dataset.depends = "";
          const refresh = () => {
            const siblings = get();
            node.element.hidden = siblings[name] === undefined && !Object.entries(when).every(([other, values]) => values.includes(siblings[other]));
          };
          node.element.refresh = refresh;
        }
        return node.element;
      });
      const others = Object.keys(value ?? {}).filter((name) => !Object.hasOwn(properties, name));
      const free = isObject(schema.additionalProperties) ? schema.additionalProperties : {};
      const addOther = (name, definition, initial) => {
        if (initial !== undefined) value = { ...value, [name]: initial };
        const node = make(name, definition);
        const remove = this.button("close", this.say("remove", name), () => {
          nodes.delete(name);
          row.remove();
          this.announce(this.say("removed", name));
          adder?.querySelector("input").focus();
          this.write();
        });
        const row = el("div", { class: "json-form-other" }, node.element, remove);
        extra.insertBefore(row, adder);
        return node;
      };
      let adder = null;
      const addable = schema.additionalProperties !== false && (schema["x-open"] || isObject(schema.additionalProperties) || !schema.properties);
      if (addable) adder = this.adder((name) => nodes.has(name), (name, kind) => {
        const initial = { string: "", number: 0, boolean: false, json: {} }[kind];
        const node = addOther(name, kind === "json" && !Object.keys(free).length ? { type: "any" } : free, isObject(schema.additionalProperties) ? undefined : initial);
        node.clear?.();
        node.focus();
        this.write();
      });
      if (adder) extra.append(adder);
      for (const name of others) addOther(name, free);
      if (others.length || addable) parts.push(extra);
      if (Object.keys(properties).length && (others.length || addable)) extra.prepend(el("p", { class: "json-form-subtitle" }, this.words.others));
      const element = this.group(parts, schema, path, context, layout);
      return { element, get, focus: () => nodes.values().next().value?.focus() };
    }

    /** The button of a grid's row that gives all rows the same. */
    copying(properties, nodes, name) {
      const copy = () => {
        const given = nodes.get(name).get();
        for (const [other, node] of nodes) if (other !== name) node.set?.(given ?? []);
        this.announce(this.say("copied", properties[name].title ?? name));
        this.write();
      };
      return this.button("content_copy", `${properties[name].title ?? name}: ${this.words.copy}`, copy);
    }

    /** A line to add a property of one's own. */
    adder(taken, add) {
      const name = el("input", { class: "json-form-input", type: "text", "aria-label": this.words.name, placeholder: this.words.name, autocomplete: "off" });
      const kind = el("select", { class: "json-form-input", "aria-label": this.words.kind }, ...["string", "number", "boolean", "json"].map((one) => el("option", { value: one }, this.words[`kinds.${one}`])));
      const go = () => {
        const wanted = name.value.trim();
        if (!wanted || taken(wanted)) return name.focus();
        name.value = "";
        return add(wanted, kind.value);
      };
      name.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
      return el("div", { class: "json-form-adder" }, name, kind, el("button", { type: "button", class: "json-form-button", click: go }, icon("add"), this.words.addValue));
    }

    group(parts, schema, path, { label, item, row, required }, layout) {
      const element = el(
        path.length && label && !item ? "fieldset" : "div",
        { class: `json-form-group${layout ? ` json-form-${layout}` : ""}${row ? " json-form-row" : ""}` },
        path.length && label && !item ? el("legend", { class: "json-form-legend" }, el("span", {}, label), required ? el("span", { class: "json-form-required", "aria-hidden": "true" }, "*") : "") : undefined,
        schema.description && !item ? el("p", { class: "json-form-help" }, schema.description) : undefined,
        ...parts,
      );
      this.places.set(JSON.stringify(path), element);
      return element;
    }

    button(symbol, label, click) {
      return el("button", { type: "button", class: "json-form-icon", "aria-label": label, title: label, click }, icon(symbol));
    }

    array(schema, value, path, context) {
      const items = [];
      const list = el("ol", { class: "json-form-list" });
      const definition = this.resolve(schema.items);
      const inline = definition["x-layout"] === "inline";
      const simple = inline || !(definition.type === "object" || definition.properties);
      const none = el("p", { class: "json-form-help" }, this.words.none);
      const nameOf = (item) => {
        const data = item.node.get();
        const number = this.say("item", items.indexOf(item) + 1);
        const words = (definition["x-summary"] ?? ["name", "title", "label", "date"]).map((key) => {
          const labels = this.resolve(definition.properties?.[key])["x-labels"];
          return isObject(data) ? (labels?.[data[key]] ?? data[key]) : undefined;
        });
        const shown = isObject(data) ? words.filter((word) => word) : [data].filter((word) => word);
        return shown.length ? shown.map(String).join(" · ") : number;
      };
      const draw = () => {
        none.hidden = items.length > 0;
        items.forEach((item, index) => {
          item.up.disabled = index === 0;
          item.down.disabled = index === items.length - 1;
          const name = nameOf(item);
          for (const [word, button] of [["up", item.up], ["down", item.down], ["remove", item.remove]]) {
            button.title = this.say(word, name);
            button.setAttribute("aria-label", button.title);
          }
          if (item.title) {
            item.title.lastChild.textContent = name;
            const open = item.title.getAttribute("aria-expanded") === "true";
            item.title.firstChild.textContent = open ? "expand_more" : "chevron_right";
          }
        });
      };
      const move = (item, by) => {
        const index = items.indexOf(item);
        items.splice(index, 1);
        items.splice(index + by, 0, item);
        list.replaceChildren(...items.map((one) => one.element));
        draw();
        const button = by < 0 ? item.up : item.down;
        (button.disabled ? (by < 0 ? item.down : item.up) : button).focus();
        this.announce(this.say("moved", nameOf(item), index + by + 1, items.length));
        this.write();
      };
      const take = (item) => {
        const index = items.indexOf(item);
        const name = nameOf(item);
        items.splice(index, 1);
        item.element.remove();
        draw();
        (items[Math.min(index, items.length - 1)]?.remove ?? add).focus();
        this.announce(this.say("removed", name));
        this.write();
      };
      const insert = (initial, open) => {
        const item = {};
        const label = definition.title ?? context.label;
        item.node = this.node(definition, initial, [...path, String(items.length)], { label, item: true, compact: simple && !inline });
        item.up = this.button("arrow_upward", "", () => move(item, -1));
        item.down = this.button("arrow_downward", "", () => move(item, 1));
        item.remove = this.button("close", "", () => take(item));
        const tools = el("div", { class: "json-form-tools" }, ...(inline && definition.properties?.start ? [] : [item.up, item.down]), item.remove);
        if (simple) {
          item.element = el("li", { class: "json-form-line" }, item.node.element, tools);
        } else {
          const inside = el("div", { class: "json-form-inside", id: `json-form-${++serial}` }, item.node.element);
          item.title = el("button", { type: "button", class: "json-form-title", "aria-controls": inside.id, "aria-expanded": "true", click: () => toggle(inside.hidden) }, icon(""), el("span"));
          const toggle = (opened) => {
            inside.hidden = !opened;
            item.title.setAttribute("aria-expanded", String(opened));
            draw();
          };
          item.element = el("li", { class: "json-form-item" }, el("div", { class: "json-form-head" }, item.title, tools), inside);
          item.element.open = () => toggle(true);
          inside.hidden = !open;
          item.title.setAttribute("aria-expanded", String(open));
          item.title.dataset.depends = "";
          item.title.refresh = draw;
        }
        items.push(item);
        list.append(item.element);
        return item;
      };
      const fresh = () => {
        if (!isObject(definition.properties)) return definition.default;
        const defaults = Object.entries(definition.properties).filter(([, one]) => one.default !== undefined);
        return Object.fromEntries(defaults.map(([name, one]) => [name, one.default]));
      };
      const add = el("button", {
        type: "button",
        class: "json-form-button",
        "aria-label": context.label && path.length ? `${schema["x-add"] ?? this.words.add}: ${context.label}` : undefined,
        click: () => {
          const item = insert(fresh(), true);
          draw();
          item.node.focus();
          this.write();
        },
      }, icon("add"), schema["x-add"] ?? this.words.add);
      list.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && simple && !inline && event.target.matches("input")) add.click();
      });
      for (const one of value ?? []) insert(one, false);
      draw();
      const set = (given) => {
        items.splice(0);
        list.replaceChildren();
        for (const one of structuredClone(given)) insert(one, false);
        draw();
      };
      const blank = definition.type === "object" ? {} : "";
      const get = () => {
        if (items.length || context.required || context.item || !path.length) return items.map((item) => item.node.get() ?? blank);
        return schema.minItems || value === undefined ? undefined : [];
      };
      const element = this.group([none, list, add], schema, path, context, undefined);
      element.classList.add("json-form-array");
      return { element, get, set, focus: () => add.focus() };
    }
  }

  function offerTimeZones() {
    if (document.getElementById(TIME_ZONES)) return;
    const names = Intl.supportedValuesOf("timeZone");
    document.body.append(el("datalist", { id: TIME_ZONES }, ...names.map((name) => el("option", { value: name }))));
  }

  function start() {
    for (const container of document.querySelectorAll("[data-json-form]")) new Form(container);
    if (document.querySelector(`[list="${TIME_ZONES}"]`)) offerTimeZones();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
