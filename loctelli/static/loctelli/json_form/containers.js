// Nodes made of nodes.

import { el, icon, isObject, kindOf } from "./dom.js";
import { Lists } from "./lists.js";

export class Containers extends Lists {
  alternatives(schema, value, path, context) {
    const fits = (one) => value === undefined || value === null || one.type === kindOf(value);
    let chosen = Math.max(0, schema.oneOf.findIndex(fits));
    const nodes = [];
    const slot = el("div");
    const draw = () => {
      nodes[chosen] ??= this.node(schema.oneOf[chosen], fits(schema.oneOf[chosen]) ? value : undefined, path, {
        ...context,
        label: undefined,
      });
      slot.replaceChildren(nodes[chosen].element);
    };
    const control = el(
      "select",
      {
        class: "json-form-input",
        change: () => {
          chosen = Number(control.value);
          draw();
        },
      },
      ...schema.oneOf.map((one, index) =>
        el("option", { value: index, selected: index === chosen }, one.title ?? one.type),
      ),
    );
    draw();
    const element = el("div", {}, this.field(control, {}, [...path, ""], { label: this.words.kind }), slot);
    this.places.set(JSON.stringify(path), element);
    const empty = () => (schema.oneOf[chosen].type === "array" ? [] : {});
    return {
      element,
      get: () => nodes[chosen].get() ?? (fits(schema.oneOf[chosen]) ? undefined : empty()),
      focus: () => control.focus(),
    };
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
        if (part !== undefined)
          Object.defineProperty(result, name, { value: part, enumerable: true, configurable: true, writable: true });
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
          node.element.hidden =
            siblings[name] === undefined &&
            !Object.entries(when).every(([other, values]) => values.includes(siblings[other]));
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
    const addable =
      schema.additionalProperties !== false &&
      (schema["x-open"] || isObject(schema.additionalProperties) || !schema.properties);
    if (addable)
      adder = this.adder(
        (name) => nodes.has(name),
        (name, kind) => {
          const initial = { string: "", number: 0, boolean: false, json: {} }[kind];
          const node = addOther(
            name,
            kind === "json" && !Object.keys(free).length ? { type: "any" } : free,
            isObject(schema.additionalProperties) ? undefined : initial,
          );
          node.clear?.();
          node.focus();
          this.write();
        },
      );
    if (adder) extra.append(adder);
    for (const name of others) addOther(name, free);
    if (others.length || addable) parts.push(extra);
    if (Object.keys(properties).length && (others.length || addable))
      extra.prepend(el("p", { class: "json-form-subtitle" }, this.words.others));
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
    const name = el("input", {
      class: "json-form-input",
      type: "text",
      "aria-label": this.words.name,
      placeholder: this.words.name,
      autocomplete: "off",
    });
    const kind = el(
      "select",
      { class: "json-form-input", "aria-label": this.words.kind },
      ...["string", "number", "boolean", "json"].map((one) => el("option", { value: one }, this.words[`kinds.${one}`])),
    );
    const go = () => {
      const wanted = name.value.trim();
      if (!wanted || taken(wanted)) return name.focus();
      name.value = "";
      return add(wanted, kind.value);
    };
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") go();
    });
    return el(
      "div",
      { class: "json-form-adder" },
      name,
      kind,
      el("button", { type: "button", class: "json-form-button", click: go }, icon("add"), this.words.addValue),
    );
  }
}
