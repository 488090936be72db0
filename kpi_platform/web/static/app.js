// Small improvements to pages that work without them.
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];

  const showTheme = () => {
    for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = root.dataset.theme || "system";
  };
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(root.dataset.theme || "system") + 1) % themes.length];
      if (next === "system") {
        delete root.dataset.theme;
        localStorage.removeItem("theme");
      } else {
        root.dataset.theme = next;
        localStorage.setItem("theme", next);
      }
      showTheme();
    });
  }
  showTheme();

  // What is offered beside a list becomes a line of it.
  document.addEventListener("click", (event) => {
    const offer = event.target.closest("[data-line]");
    if (!offer) return;
    const list = document.getElementById(offer.dataset.into);
    const lines = list.value.split("\n").filter((line) => line.trim());
    if (!lines.includes(offer.dataset.line)) list.value = [...lines, offer.dataset.line].join("\n");
    list.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // Match review by keys: J and K go from one to the next, A accepts and R rejects where the focus is, or the first.
  document.addEventListener("keydown", (event) => {
    const cards = [...document.querySelectorAll("article.match")];
    if (!cards.length || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const at = cards.findIndex((card) => card.contains(document.activeElement));
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") cards[Math.min(cards.length - 1, Math.max(0, at + (key === "j" ? 1 : -1)))].focus();
    else if (key === "a" || key === "r") cards[Math.max(0, at)].querySelector(`[name=decision][value=${key === "a" ? "accept" : "reject"}]`)?.form.requestSubmit();
  });

  // On a phone the first account is in sight: what filters besides the search opens on demand.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-opens]");
    if (button) button.setAttribute("aria-expanded", document.getElementById(button.dataset.opens).classList.toggle("open"));
  });

  // Addresses name only what is chosen.
  document.addEventListener("htmx:configRequest", (event) => {
    const { verb, parameters } = event.detail;
    if (verb !== "get") return;
    for (const [name, value] of [...parameters.entries()]) if (value === "") parameters.delete(name);
  });

  // The answer to a saved form stays, and loading the page again sends nothing twice.
  const address = document.querySelector("[data-address]");
  if (address) history.replaceState(null, "", address.dataset.address);

  for (const current of document.querySelectorAll("nav [aria-current]")) {
    const bar = current.parentElement;
    bar.scrollLeft = current.offsetLeft - bar.offsetLeft - 24;
  }

  const watch = (panel) => {
    if (!panel.dataset.events || panel.watched) return;
    panel.watched = true;
    const events = new EventSource(panel.dataset.events);
    events.addEventListener("sync", (event) => {
      if (!panel.isConnected) return events.close();
      const { state } = JSON.parse(event.data);
      if (["done", "failed", "cancelled"].includes(state)) {
        events.close();
        for (const button of document.querySelectorAll(".sync-form button")) button.disabled = false;
      }
      htmx.ajax("GET", panel.dataset.panel, { target: "#sync-state", swap: "innerHTML" });
    });
  };
  htmx.onLoad((part) => part.querySelectorAll("[data-events]").forEach(watch));

  const toast = document.getElementById("toast");
  const say = (text) => {
    toast.textContent = text;
    toast.hidden = false;
    setTimeout(() => (toast.hidden = true), 8000);
  };
  document.addEventListener("htmx:responseError", () => say("This did not work. Nothing is lost; try again in a moment."));
  document.addEventListener("htmx:sendError", () => say("The server does not answer. Nothing is lost; check the network, and try again."));
})();
