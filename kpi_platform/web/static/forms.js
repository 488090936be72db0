// Nothing that is typed is lost: a form with data-guard is sent without leaving the page, holds whoever leaves it
// unsaved, and waits while somebody whose session has ended signs in again.
(() => {
  const guarded = () => document.querySelectorAll("form[data-guard]");

  const differs = (field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return "defaultValue" in field && field.type !== "hidden" && field.value !== field.defaultValue;
    const shown = [...field.options].find((option) => option.defaultSelected) ?? field.options[0];
    return shown !== undefined && !shown.selected;
  };
  // The server says "unsaved" of a form that it shows with what was typed and refused.
  const unsaved = (form) => !form.leaving && (form.dataset.guard === "unsaved" || [...form.elements].some(differs));

  const mark = () => {
    for (const form of guarded()) form.classList.toggle("unsaved", unsaved(form));
  };
  document.addEventListener("input", mark);
  document.addEventListener("change", mark);
  document.addEventListener("reset", () => setTimeout(mark));
  mark();

  window.addEventListener("beforeunload", (event) => {
    if (![...guarded()].some(unsaved)) return;
    event.preventDefault();
    // Whoever stays sees the customer again whose page it is.
    setTimeout(() => {
      for (const field of document.querySelectorAll("[data-submit-on-change]")) field.form.reset();
    });
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-guard]") || event.defaultPrevented) return;
    if (!window.htmx) {
      form.leaving = true;
      return;
    }
    event.preventDefault();
    const button = event.submitter;
    if (button) button.disabled = true;
    const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
    const sent = htmx.ajax("POST", action, { source: form, target: "#main", select: "#main", swap: "outerHTML show:window:top" });
    const enable = () => button && (button.disabled = false);
    sent.then(enable, enable);
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig, etc, target } = event.detail;
    // A part of the page that reports an error is shown at its place, whoever's fault the error is.
    if (xhr.getResponseHeader("X-Fragment")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
    if (xhr.status === 401 && dialog) {
      event.detail.shouldSwap = false;
      const { verb, path, elt } = requestConfig;
      const again = { source: elt, target: etc.targetOverride ?? target, swap: etc.swapOverride, select: etc.select };
      askToSignIn(() => htmx.ajax(verb, path, again).catch(() => {}));
      return;
    }
    // Saving has led to another page: the browser goes there.
    const asked = new URL(requestConfig.path, location.href);
    const led = xhr.responseURL ? new URL(xhr.responseURL) : asked;
    if (target.id === "main" && led.pathname !== asked.pathname) {
      event.detail.shouldSwap = false;
      if (requestConfig.elt.matches("form")) requestConfig.elt.leaving = true;
      location.assign(led);
    }
  });

  document.addEventListener("htmx:afterSettle", mark);
  // In the same turn as the swap: whoever types on at once keeps the field.
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = { main: "#main", problem: "#problem" }[event.detail.target?.id];
    const notice = place && document.querySelector(`${place} .notice`);
    if (notice) notice.focus();
  });

  const dialog = document.getElementById("sign-in-again");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  let waiting = [];

  const askToSignIn = (goOn) => {
    waiting.push(goOn);
    problem.textContent = "";
    if (!dialog.open) dialog.showModal();
  };

  // Forms of this page stay about the customer that it shows; only the session is another one.
  const renew = (session) => {
    const renewed = (token) => session.csrf_token + token.slice(token.indexOf(".") === -1 ? token.length : token.indexOf("."));
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = renewed(field.value);
    const main = document.getElementById("main");
    const headers = JSON.parse(main.getAttribute("hx-headers") ?? "{}");
    if (headers["X-CSRF-Token"]) main.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": renewed(headers["X-CSRF-Token"]) }));
  };

  const goOn = (session) => {
    const { customer } = document.getElementById("main").dataset;
    if (session.customer && customer && session.customer !== customer) {
      problem.textContent = "You are signed in for another customer now. Sign in with a token of the customer that this page is about.";
      return;
    }
    renew(session);
    form.reset();
    dialog.close();
    const left = waiting;
    waiting = [];
    for (const each of left) each();
  };

  form.addEventListener("submit", async (event) => {
    if (event.submitter?.formMethod === "dialog") return;
    event.preventDefault();
    const other = event.submitter?.value === "other";
    const request = other ? {} : { method: "POST", body: new URLSearchParams(new FormData(form)) };
    try {
      const answer = await fetch(other ? "/session" : "/sign-in", { ...request, headers: { Accept: "text/html, application/json" } });
      const text = await answer.text();
      if (answer.headers.get("content-type")?.includes("json")) goOn(JSON.parse(text));
      else problem.textContent = new DOMParser().parseFromString(text, "text/html").getElementById("token-problem")?.textContent ?? "This did not work. Try again.";
    } catch {
      problem.textContent = "The server does not answer. Check the network.";
    }
    if (dialog.open) form.querySelector("#token-again").focus();
  });
  // Whoever closes it has what was typed, and can send it again.
  dialog.addEventListener("close", () => (waiting = []));
})();
