"""What of a page the keyboard alone doesn't reach or doesn't show, found by walking through it with the Tab key."""

# Counts what is to be reached, and from then on takes down where the focus goes and whether that is to be seen.
WATCH = """() => {
    const seen = { checkOpacity: true, checkVisibilityCSS: true };
    const isVisible = (element) => {
        // Of a file to choose, what surrounds it is to be seen.
        if (element.type === "file" && element.labels[0]) return isVisible(element.labels[0]);
        const box = element.getBoundingClientRect();
        return element.checkVisibility(seen) && box.width > 1 && box.height > 1;
    };
    const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
    const brief = (element) => {
        const words = (element.ariaLabel || element.innerText || element.value || element.name || "").trim();
        return `${element.tagName} ${words.slice(0, 40)} ${element.id || element.className}`.slice(0, 120);
    };
    const signs = (element) => {
        const around = [element, ...(element.labels || [])];
        const above = element.type === "file" ? 3 : 2;
        for (let count = 0, node = element; count < above; count += 1) around.push((node = node?.parentElement));
        return around.filter(Boolean).map((each) => {
            const style = getComputedStyle(each);
            const outline = style.outlineStyle === "none" ? "" : `${style.outlineWidth} ${style.outlineColor}`;
            return [outline, style.boxShadow, style.borderColor, style.backgroundColor].join();
        }).join("|");
    };
    // Something else may stand before all of it that is on the screen.
    const whatIsOver = (element) => {
        const box = (element.type === "file" ? element.labels[0] : element).getBoundingClientRect();
        const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
        const [upper, lower] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
        const tops = [0.1, 0.5, 0.9].map((part) =>
            document.elementFromPoint((left + right) / 2, upper + (lower - upper) * part));
        const belongs = (top) =>
            top && [element, ...(element.labels || [])].some((one) => one.contains(top) || top.contains(one));
        if (tops.some(belongs)) return null;
        return tops[1] ? brief(tops[1]) : "nothing: off the screen";
    };
    // Of radio buttons of a name, one is a stop.
    const groups = new Set();
    const isStop = (element) => {
        if (element.tabIndex < 0 || element.disabled || element.closest("[inert]") || !isVisible(element)) return false;
        if (element.type !== "radio") return true;
        const isFirst = !groups.has(element.name);
        groups.add(element.name);
        return isFirst;
    };
    const stops = [...document.querySelectorAll(CONTROLS)].filter(isStop);
    document.activeElement?.blur();
    const unfocused = new Map(stops.map((element) => [element, signs(element)]));
    const walk = { reached: new Set(), hidden: new Set(), unseen: new Set(), strange: new Set(), round: false };
    const clickable = [...document.querySelectorAll("*")].filter((element) => {
        const style = getComputedStyle(element);
        return style.cursor === "pointer" && isVisible(element) && !element.closest("[inert]")
            && getComputedStyle(element.parentElement || element).cursor !== "pointer"
            && !element.closest(`${CONTROLS}, label`) && !element.querySelector("a, button, input, select, label");
    });
    let first;
    document.addEventListener("focusin", ({ target }) => {
        if (target === first && walk.reached.size > 1) walk.round = true;
        first ??= target;
        const named = brief(target);
        if (!isVisible(target)) walk.hidden.add(named);
        if (!unfocused.has(target)) walk.strange.add(named);
        else if (unfocused.get(target) === signs(target)) walk.unseen.add(named);
        const over = whatIsOver(target);
        if (over) walk.hidden.add(`${named} is under ${over}`);
        walk.reached.add(target);
    });
    window.walkOf = () => ({
        round: walk.round,
        missed: stops.filter((element) => !walk.reached.has(element) && element.isConnected).map(brief),
        hidden: [...walk.hidden],
        unseen: [...walk.unseen],
        strange: [...walk.strange],
        mouse: clickable.map(brief),
    });
    return stops.length;
}"""
STILL = "*, ::before, ::after { transition: none !important; animation: none !important; }"
# Inputs of dates have stops within themselves, and the page's end is one, too.
MORE = 12


def faults_of_walk(page, *, past: str | None = None) -> dict[str, list[str]]:
    """Walk once around a page that is open; return what is missed, hidden, not seen to have the focus, a mouse's alone.

    Also what nobody expected to stop at, and whether the walk comes around at all. It goes past what `past` selects.
    """
    if past:
        page.locator(past).evaluate("(element) => { element.inert = true; }")
    page.add_style_tag(content=STILL)
    number = page.evaluate(WATCH)
    for pressed in range(1, number + MORE + 1):
        page.keyboard.press("Tab")
        if pressed > number and page.evaluate("walkOf().round"):
            break
    found = page.evaluate("walkOf()")
    found["trap"] = [] if found.pop("round") else ["the focus does not come around"]
    return {kind: what for kind, what in found.items() if what}
