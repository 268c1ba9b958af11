// Buttons that copy what an element says: <button data-copy="its id" data-copied="what to say then">.
document.querySelectorAll("[data-copy]").forEach((button) => {
    button.addEventListener("click", async () => {
        const source = document.getElementById(button.dataset.copy);
        try {
            await navigator.clipboard.writeText(source.textContent.trim());
            button.textContent = button.dataset.copied;
        } catch {
            // Without the right to the clipboard, such as over plain http: select it, to be copied by hand.
            getSelection().selectAllChildren(source);
        }
    });
});
