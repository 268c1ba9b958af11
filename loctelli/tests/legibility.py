"""What of a page is hard to read or to reach, found by scripts that run in it. Contrasts are by WCAG's formula."""

COLOURS = """
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = (element) => {
        for (let node = element; node; node = node.parentElement) {
            const colour = rgba(getComputedStyle(node).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const contrast = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const speaks = (element) =>
        [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
"""

# The texts of what we add to unfold that stand out too little from what is behind them.
FAINT_TEXTS = f"""() => {{ {COLOURS}
    const faint = [];
    for (const element of document.querySelectorAll("[class^=console-] *")) {{
        if (!speaks(element) || !element.checkVisibility()) continue;
        const ratio = contrast(rgba(getComputedStyle(element).color), ground(element));
        if (ratio < 4.5) faint.push(`${{element.textContent.trim().slice(0, 40)}}: ${{ratio.toFixed(2)}}`);
    }}
    return faint;
}}"""

# Of the forms of JSON columns: texts and inputs' edges that stand out too little, what has no name, what is too wide.
FAULTS_OF_FORMS = f"""() => {{ {COLOURS}
    const found = {{ text: [], edge: [], nameless: [], wide: [] }};
    for (const element of document.querySelectorAll(".json-form *")) {{
        if (!element.getClientRects().length || element.disabled || element.closest(".json-form-live")) continue;
        const style = getComputedStyle(element);
        if (speaks(element) || element.value) {{
            const ratio = contrast(rgba(style.color), ground(element));
            if (ratio < 4.5) found.text.push([element.className, element.textContent || element.value, ratio]);
        }}
        if (element.matches(".json-form-input")) {{
            const ratio = contrast(rgba(style.borderTopColor), ground(element.parentElement));
            if (ratio < 3) found.edge.push([element.className, ratio]);
        }}
        if (element.matches("input, select, textarea, button") && element.type !== "hidden") {{
            const words = [...(element.labels || [])].map((label) => label.textContent).join("");
            const name = element.getAttribute("aria-label") || words || element.innerText || "";
            if (!name.trim()) found.nameless.push(element.outerHTML);
        }}
        if (element.getBoundingClientRect().right > innerWidth) found.wide.push(element.outerHTML.slice(0, 80));
    }}
    return found;
}}"""
