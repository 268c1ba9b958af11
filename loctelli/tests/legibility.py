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

# Of a whole page: texts that stand out too little or have a letter a line, what is cut off, what has no name, and what
# makes the page wider than the screen.
FAULTS_OF_PAGES = f"""() => {{ {COLOURS}
    const over = ([r, g, b, a], below) =>
        [r, g, b].map((part, index) => (part * a + below[index] * (255 - a)) / 255).concat(255);
    const layers = (element) => {{
        const found = [];
        for (let node = element; node; node = node.parentElement) {{
            found.unshift(rgba(getComputedStyle(node).backgroundColor));
        }}
        return found.reduce((below, layer) => over(layer, below), [255, 255, 255, 255]);
    }};
    const found = {{ faint: [], narrow: [], cut: [], nameless: [], wide: [] }};
    const brief = (element) => (element.textContent || element.value || element.outerHTML).trim().slice(0, 60);
    for (const element of document.body.querySelectorAll("*")) {{
        if (!element.checkVisibility({{ checkOpacity: true, checkVisibilityCSS: true }})) continue;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        const isIcon = /material-symbols/.test(element.className);
        if (box.width > 1 && box.height > 1 && speaks(element) && !isIcon && !element.matches(":disabled, option")) {{
            const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
            const below = layers(element), least = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
            const ratio = contrast(over(rgba(style.color), below), below);
            if (ratio < least) found.faint.push(`${{brief(element)}}: ${{ratio.toFixed(2)}}`);
            if (box.width < 2 * size && box.height > 5 * size) found.narrow.push(brief(element));
        }}
        const isCell = element.matches("td, th"), more = element.scrollHeight - element.clientHeight;
        if (isCell && more > 4 && box.height > 1) found.cut.push(`${{brief(element)}}: ${{more}}`);
        if (element.matches("a[href], button, input:not([type=hidden]), select, textarea") && box.width > 1) {{
            const words = [...(element.labels || [])].map((label) => label.textContent).join("");
            const named = element.getAttribute("aria-labelledby");
            const name = [element.ariaLabel, named && document.getElementById(named)?.textContent, words, element.title,
                element.innerText, element.placeholder, element.matches("[type=submit]") && element.value,
                element.querySelector("[title]")?.title].find((each) => each && each.trim());
            if (!name && element.tabIndex >= 0) found.nameless.push(element.outerHTML.slice(0, 120));
        }}
    }}
    if (document.documentElement.scrollWidth > innerWidth) {{
        const scrolls = (node) =>
            node && (getComputedStyle(node).overflowX !== "visible" || scrolls(node.parentElement));
        const sticksOut = (element) => element.getBoundingClientRect().right > innerWidth + 1;
        found.wide = [...document.body.querySelectorAll("*")]
            .filter((element) => sticksOut(element) && !scrolls(element.parentElement))
            .map((element) => `${{element.className}}: ${{brief(element)}}`).slice(0, 8)
            .concat(document.documentElement.scrollWidth);
    }}
    return found;
}}"""
