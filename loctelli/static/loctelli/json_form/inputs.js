// Nodes with one input.

import { PATTERNS, TIME_ZONES, el, freshId, isObject, isSet, parse } from "./dom.js";

export class Inputs {
  /** Put label, help and a place for errors around an input. */
  field(control, schema, path, { label, required, compact }, ...more) {
    control.id ||= freshId();
    if (required) control.setAttribute("aria-required", "true");
    let help;
    if (schema.description && !compact) {
      help = el("p", { class: "json-form-help", id: `${control.id}-help` }, schema.description);
      control.setAttribute("aria-describedby", help.id);
    }
    const words = el(
      "label",
      { for: control.id, class: compact ? "json-form-compact-label" : "json-form-label" },
      label ?? "",
      required && !compact ? el("span", { class: "json-form-required", "aria-hidden": "true" }, "*") : "",
    );
    const row = control.type === "checkbox" ? el("div", { class: "json-form-check" }, control, words) : undefined;
    const element = el("div", { class: "json-form-field" }, ...(row ? [row] : [words, control]), ...more, help);
    this.places.set(JSON.stringify(path), element);
    return element;
  }

  input(schema, value, path, context, type) {
    const number = type === "number" || type === "integer";
    const text = value === undefined || value === null ? "" : String(value);
    const wanted = schema["x-input"] ?? { date: "date", email: "email", uri: "url" }[schema.format];
    const long =
      !number && !wanted && !schema.format && !schema.pattern && ((schema.maxLength ?? 0) > 500 || text.includes("\n"));
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
    control.addEventListener("input", () => {
      touched = true;
    });
    const get = () => {
      if (!touched) return value;
      if (control.value === "" && !context.item) return undefined;
      // What is no number stays text, and the server says so.
      return number && /^\s*-?\d+(\.\d+)?\s*$/.test(control.value) && control.value.trim().length <= 16
        ? Number(control.value)
        : control.value;
    };
    if (schema["x-from"]) {
      const follows = value === undefined;
      control.dataset.depends = "";
      control.refresh = () => {
        if (!follows || touched) return;
        const from = context.siblings?.()[schema["x-from"]];
        control.value =
          typeof from === "string"
            ? from
                .normalize("NFKD")
                .replace(/[\u0300-\u036f]/g, "")
                .toLowerCase()
                .replace(/[^a-z0-9]+/g, "_")
                .replace(/^_+|_+$/g, "")
                .slice(0, 60)
            : "";
        value = control.value || undefined;
      };
    }
    const clear = () => {
      control.value = "";
      touched = true;
    };
    return { element: this.field(control, schema, path, context), get, clear, focus: () => control.focus() };
  }

  checkbox(schema, value, path, context) {
    const control = el("input", { type: "checkbox", class: "json-form-checkbox" });
    control.checked = value ?? false;
    let touched = false;
    control.addEventListener("change", () => {
      touched = true;
    });
    return {
      element: this.field(control, schema, path, context),
      get: () => (touched ? control.checked : value),
      focus: () => control.focus(),
    };
  }

  select(schema, value, path, context, values) {
    const labels = schema["x-labels"] ?? {};
    const words = (one) => (typeof one === "boolean" ? this.words[one ? "yes" : "no"] : (labels[one] ?? String(one)));
    const offered = value === undefined || value === null || values.includes(value) ? values : [...values, value];
    const options = offered.map((one, index) => el("option", { value: index, selected: one === value }, words(one)));
    if (!context.required || value === undefined) options.unshift(el("option", { value: "" }, "–"));
    const control = el("select", { class: "json-form-input" }, ...options);
    let touched = false;
    control.addEventListener("change", () => {
      touched = true;
    });
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
      const offered = new Map(
        found.map((item) => [item[schema["x-choices"]], item.label || item[schema["x-choices"]]]),
      );
      if (current !== undefined && !offered.has(current)) offered.set(current, current);
      control.replaceChildren(
        el("option", { value: "" }, "–"),
        ...[...offered].map(([key, label]) => el("option", { value: key, selected: key === current }, label)),
      );
    };
    control.refresh();
    // Before the form hears of it and has the choices made anew.
    control.addEventListener("input", () => {
      current = control.value || undefined;
    });
    return { element: this.field(control, schema, path, context), get: () => current, focus: () => control.focus() };
  }

  /** A secret goes in and never comes out: whether it is set is all there is to see. */
  secret(schema, value, path, context) {
    const control = el("input", {
      type: "password",
      class: "json-form-input",
      autocomplete: "new-password",
      hidden: true,
    });
    const state = el("span", { class: "json-form-state" });
    let current = value;
    const button = (word, action) =>
      el(
        "button",
        {
          type: "button",
          class: "json-form-button",
          "aria-label": `${this.words[word]}: ${context.label}`,
          click: () => {
            action();
            draw();
            this.write();
          },
        },
        this.words[word],
      );
    const replace = button("replace", () => {
      control.hidden = false;
    });
    const enter = button("setIt", () => {
      control.hidden = false;
    });
    const clear = button("clear", () => {
      current = null;
      control.hidden = true;
    });
    const undo = button("undo", () => {
      current = value;
      control.value = "";
      control.hidden = true;
    });
    const draw = () => {
      const untouched = control.hidden && current === value;
      state.textContent = !control.hidden
        ? ""
        : isSet(current)
          ? this.words.set
          : isSet(value)
            ? this.words.willBeCleared
            : this.words.notSet;
      state.classList.toggle("json-form-set", control.hidden && isSet(current));
      replace.hidden = !(untouched && isSet(value));
      enter.hidden = !(untouched && !isSet(value));
      clear.hidden = !(untouched && isSet(value));
      // Where none is stored there is nothing to leave as it was.
      undo.hidden = untouched || !isSet(value);
      if (!control.hidden) control.focus();
      else (this.placed ? [replace, enter, undo].find((one) => !one.hidden) : null)?.focus();
    };
    control.addEventListener("input", () => {
      current = control.value === "" ? value : control.value;
    });
    if (typeof value === "string") {
      // Typed before, and not saved yet.
      control.value = value;
      control.hidden = false;
      value = path.reduce((node, name) => node?.[name], this.kept) ?? undefined;
    }
    const focused = document.activeElement;
    draw();
    if (focused !== document.activeElement) document.activeElement?.blur();
    const element = this.field(
      control,
      schema,
      path,
      context,
      el("div", { class: "json-form-secret" }, state, replace, enter, clear, undo),
    );
    return {
      element,
      get: () => current,
      focus: () => (control.hidden ? [replace, enter].find((one) => !one.hidden) : control)?.focus(),
    };
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
    return {
      element: this.field(control, schema, path, context, trouble),
      get: () => current,
      focus: () => control.focus(),
    };
  }
}
/** Offer the time zones that the browser knows to the inputs that ask for them. */
export function offerTimeZones() {
  if (document.getElementById(TIME_ZONES)) return;
  const names = Intl.supportedValuesOf("timeZone");
  document.body.append(el("datalist", { id: TIME_ZONES }, ...names.map((name) => el("option", { value: name }))));
}
