// Keeps the words and the bar of a background action's page up to date, and loads the page anew once it is over.
(() => {
    const box = document.getElementById("progress");
    if (!box || !box.dataset.url) return;
    const bar = box.querySelector("progress");
    const words = document.getElementById("progress-words");
    const look = async () => {
        try {
            const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" } });
            if (answer.ok) {
                const found = await answer.json();
                if (found.is_over) {
                    location.reload();
                    return;
                }
                bar.max = found.total;
                bar.value = found.done;
                if (words.textContent !== found.words) words.textContent = found.words;
            } else if (answer.status === 404) {
                // Somebody has cancelled it.
                location.reload();
                return;
            }
        } catch {
            // The server is away for a moment: look again.
        }
        setTimeout(look, 1000);
    };
    setTimeout(look, 1000);
})();
