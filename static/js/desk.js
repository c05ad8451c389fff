/* The desk's own script: news, keys, drafts, the confirmation. Every page works without it:
   forms post, links go, and only what happens elsewhere needs a reload to be seen. */
(() => {
  "use strict";
  const root = document.documentElement;
  const shell = document.querySelector(".shell[data-live]");
  const find = (selector) => document.querySelector(selector);
  const pane = () => find("#pane[data-gate]");
  let since = shell?.dataset.now;
  // The server's clock counts: this machine's may be minutes off.
  const skew = since ? Date.parse(since) - Date.now() : 0;

  // ---- News. The socket says which requests changed; one GET fetches what may be replaced.

  let asking = false;
  let askAgain = false;

  async function refresh() {
    if (asking) { askAgain = true; return; }
    asking = true;
    const asked = new Date(Date.now() + skew).toISOString();
    const query = new URLSearchParams({ since, list: shell.dataset.list, listed: shell.dataset.listed });
    if (pane()) { query.set("open", pane().dataset.gate); query.set("digest", pane().dataset.digest); }
    try {
      await htmx.ajax("GET", `${shell.dataset.live}?${query}`, { target: "body", swap: "none" });
      since = asked;
    } finally {
      asking = false;
      if (askAgain) { askAgain = false; refresh(); }
    }
  }

  let wait = 1000;
  let wasAway = false;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/desk`);
    socket.onopen = () => { wait = 1000; if (wasAway) refresh(); };
    socket.onmessage = () => refresh();
    socket.onclose = (event) => {
      if (event.code === 4401) return; // Signed out: the next press leads to the sign-in page.
      wasAway = true;
      setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, 30000);
    };
  }

  if (shell && window.htmx) {
    connect();
    // Minutes pass without an event: "due in" is kept true while somebody can see it.
    const every = Number(shell.dataset.every) || 30000;
    setInterval(() => { if (!document.hidden) refresh(); }, every);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  }

  // ---- What a swap leaves behind.

  let openedAt = Date.now();
  let opened = pane()?.dataset.gate;

  function settle() {
    const dialog = find("dialog[data-show]:not([open])");
    dialog?.addEventListener("close", keepPlace);
    dialog?.showModal();
    const gate = pane()?.dataset.gate;
    if (gate !== opened) {
      opened = gate;
      openedAt = Date.now();
      document.querySelectorAll(".row[aria-current]").forEach((row) => row.removeAttribute("aria-current"));
      document.getElementById(`row-${gate}`)?.setAttribute("aria-current", "true");
      if (matchMedia("(max-width: 47.49rem)").matches) scrollTo(0, 0);
      find("#req-title")?.focus({ preventScroll: true });
    }
    const off = find("#answers-note [data-answers=off]") !== null;
    document.querySelectorAll(".answers .btn[form]").forEach((button) => {
      if (off) button.setAttribute("aria-disabled", "true");
    });
    const asking = find(".asked .ask-twice:not([data-asking])");
    if (asking) { asking.dataset.asking = "yes"; asking.querySelector("input:not([type=hidden])")?.focus(); }
    restoreDraft();
  }

  // The button that opened a confirmation may be another by now: then the request has the focus.
  function keepPlace(event) {
    const at = document.activeElement; // Still in the dialog where there was nowhere to go back to.
    if (at === document.body || event.target.contains(at)) find("#req-title")?.focus({ preventScroll: true });
  }

  // ---- Drafts. Words survive a reload, an error and an expired session.

  const fields = (form) => [...form.querySelectorAll("[name]")].filter((f) => f.type !== "hidden" && f.type !== "file");
  const value = (field) => (field.type === "checkbox" ? field.checked : field.value);

  function keepDraft(form) {
    const typed = Object.fromEntries(fields(form).map((field) => [field.name, value(field)]));
    sessionStorage.setItem(`draft:${form.dataset.draft}`, JSON.stringify(typed));
  }

  function restoreDraft() {
    const form = find("form[data-draft]:not([data-restored])");
    if (!form) return;
    form.dataset.restored = "yes";
    if (find("#refused")) return; // The server gave back what was typed.
    const typed = JSON.parse(sessionStorage.getItem(`draft:${form.dataset.draft}`) || "{}");
    for (const field of fields(form)) {
      if (!(field.name in typed)) continue;
      if (field.type === "checkbox") field.checked = typed[field.name];
      else field.value = typed[field.name];
    }
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (form) keepDraft(form);
  });

  // ---- Presses.

  const isOff = (button) => button?.getAttribute("aria-disabled") === "true";

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[hx-get]");
    if (link && (event.ctrlKey || event.metaKey || event.shiftKey)) { event.stopPropagation(); return; }
    if (isOff(event.target.closest(".btn"))) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) { event.preventDefault(); document.getElementById(opener.dataset.opens).showModal(); }
    const closer = event.target.closest("dialog [data-close]");
    if (closer) { event.preventDefault(); closer.closest("dialog").close(); }
    const named = event.target.closest(".refused a, .notice a[href^='#f-']");
    if (named) { event.preventDefault(); find(named.hash).focus(); }
    const unasked = event.target.closest(".asked [data-unask]");
    if (unasked) { event.preventDefault(); unasked.closest(".asked").previousElementSibling.querySelector(".act a").focus(); unasked.closest(".ask-twice").remove(); }
    event.target.closest("[data-dismiss]")?.closest(".toast").remove();
    const copier = event.target.closest("[data-copy], [data-copy-from]");
    if (copier) copy(copier);
  });

  function say(words) {
    const toast = document.createElement("div");
    toast.className = "toast";
    const text = document.createElement("p");
    text.textContent = words;
    toast.append(text);
    find("#toasts").replaceChildren(toast);
  }

  async function copy(button) {
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
    const label = button.querySelector("span") ?? button;
    const words = label.lastChild;
    const before = words.textContent;
    words.textContent = "Copied";
    setTimeout(() => { words.textContent = before; }, 2000);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-theme-form]")) {
      event.preventDefault();
      const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = root.dataset.theme ?? (isDark ? "dark" : "light");
      root.dataset.theme = now === "dark" ? "light" : "dark";
      const data = new FormData(form);
      data.set("theme", root.dataset.theme);
      fetch(form.action, { method: "POST", body: data, redirect: "manual" });
    }
    if (form.matches("#decide, #confirm form")) {
      event.submitter?.setAttribute("aria-busy", "true");
    }
  });

  // A refused answer (409, 422) is a page to read; anything worse is said, and the page stays.
  if (window.htmx) htmx.config.noSwap = [204, 304];

  document.addEventListener("htmx:before:response", (event) => {
    const { response, swap } = event.detail.ctx;
    const isSignIn = response.raw.redirected && new URL(response.raw.url).pathname === "/sign-in";
    const isReadable = response.status < 400 || response.status === 409 || response.status === 422;
    if (isReadable && !isSignIn) return;
    event.preventDefault();
    if (swap === "none") return;
    if (isSignIn) location.reload(); // What was typed is kept as a draft.
    else say("The desk could not do this. Nothing was decided; try again in a moment.");
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.swap !== "none") say("The desk cannot be reached. Try again in a moment.");
  });
  document.addEventListener("htmx:after:swap", settle);
  document.addEventListener("htmx:finally:request", () => {
    document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });

  // ---- Keys. Never in a field or a dialog, never on repeat, never right after a page opened.

  let lastG = 0;

  function move(step) {
    const rows = [...document.querySelectorAll(".rows .row")];
    const active = rows.indexOf(document.activeElement);
    const from = active >= 0 ? active : rows.findIndex((row) => row.getAttribute("aria-current"));
    rows[Math.max(0, Math.min(rows.length - 1, from + step))]?.focus();
  }

  function back() {
    const row = pane() && document.getElementById(`row-${pane().dataset.gate}`);
    if (row?.checkVisibility()) row.focus();
    else find(".back-link")?.click();
  }

  document.addEventListener("keydown", (event) => {
    const at = event.target instanceof Element ? event.target : document.body;
    const unask = event.key === "Escape" && at.closest(".asked .ask-twice")?.querySelector("[data-unask]");
    if (unask) return unask.click();
    if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (at.closest("input, textarea, select, dialog, [contenteditable], [popover]:popover-open")) return;
    if (event.key === "j" || event.key === "k") return move(event.key === "j" ? 1 : -1);
    if (event.repeat) return;
    if (event.key === "Escape") return back();
    if (event.key === "g") { lastG = Date.now(); return; }
    if (Date.now() - lastG < 1000) {
      lastG = 0;
      find(`.nav-link[data-go="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    const hit = find(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
    if (!hit || isOff(hit) || (hit.matches(".btn-answer") && Date.now() - openedAt < 400)) return;
    event.preventDefault();
    if (hit.matches("textarea")) hit.focus();
    else hit.click();
  });

  settle();
})();
