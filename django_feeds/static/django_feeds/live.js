// Keeps badges, bars and lists of notifications right while a page is open. All of it works without this file.
(() => {
  "use strict";

  const MOST_SHOWN = 99; // on a badge
  // A page that nobody looks at for so long stops listening: a browser opens six connections to a site with HTTP/1.1,
  // and streams of tabs in the background would leave none for pages.
  const LONG_HIDDEN = 10 * 1000;
  const FIRST_RETRY = 5 * 1000;
  const LAST_RETRY = 5 * 60 * 1000;

  // Words

  // The server gave all plural forms, and which of them each number takes.
  const textFor = (element, number) => {
    const forms = JSON.parse(element.dataset.feedsForms);
    const which = element.dataset.feedsWhich[number < 200 ? number : 100 + (number % 100)];
    return forms[which].replace("{}", number);
  };

  // Badges and bars

  const title = document.title; // as the server wrote it

  const showBadge = (badge, count) => {
    const number = badge.firstElementChild;
    const shown = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
    if ("feedsTitle" in badge.dataset) {
      document.title = (count ? `(${shown}) ` : "") + title;
    }
    if (number.textContent === shown && number.hidden === !count) return; // do not say again what was said
    number.textContent = shown;
    number.setAttribute("aria-label", textFor(badge, count));
    number.hidden = !count;
  };

  const showCounts = (alias, counts) => {
    for (const badge of document.querySelectorAll("[data-feeds-badge]")) {
      const count = counts[badge.dataset.feedsBadge];
      if (badge.dataset.feedsAlias === alias && typeof count === "number") showBadge(badge, count);
    }
  };

  const showBar = (bar, number) => {
    const link = bar.querySelector("a");
    if (!number || !link) return;
    link.textContent = textFor(bar, number);
    link.hidden = false;
  };

  // Listening: one stream for each address, whatever the number of badges and bars

  class Stream {
    constructor(address) {
      this.address = new URL(address, document.baseURI);
      this.elements = [];
      this.ids = new Set(); // an item may come twice
      this.unnamed = 0;
      this.retry = FIRST_RETRY;
    }

    open() {
      if (this.source) return;
      clearTimeout(this.timer);
      const source = new EventSource(this.address);
      this.source = source;
      source.addEventListener("open", () => { this.retry = FIRST_RETRY; });
      source.addEventListener("news", (event) => this.take(event));
      source.addEventListener("error", () => {
        // The browser comes again by itself, unless the answer was no stream: signed out, or being deployed.
        if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
        this.source = null;
        this.timer = setTimeout(() => { if (!document.hidden) this.open(); }, this.retry);
        this.retry = Math.min(2 * this.retry, LAST_RETRY);
      });
    }

    close() {
      clearTimeout(this.timer);
      if (this.source) this.source.close();
      this.source = null;
    }

    take(event) {
      const news = JSON.parse(event.data);
      if (event.lastEventId) this.address.searchParams.set("since", event.lastEventId);
      for (const item of news.items) this.ids.add(item.id);
      this.unnamed += news.count - news.items.length;
      for (const element of this.elements) {
        if ("feedsBar" in element.dataset) showBar(element, this.ids.size + this.unnamed);
        else showCounts(element.dataset.feedsAlias, news);
      }
    }
  }

  const listen = () => {
    const streams = new Map();
    for (const element of document.querySelectorAll("[data-feeds-live]")) {
      const path = new URL(element.dataset.feedsLive, document.baseURI).pathname;
      if (!streams.has(path)) streams.set(path, new Stream(element.dataset.feedsLive));
      streams.get(path).elements.push(element);
    }
    const each = (what) => streams.forEach((stream) => stream[what]());
    let timer;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => each("close"), LONG_HIDDEN);
      else each("open");
    });
    window.addEventListener("pagehide", () => each("close"));
    window.addEventListener("pageshow", (event) => { if (event.persisted) each("open"); });
    if (!document.hidden) each("open"); // one that was opened in the background listens once it is looked at
  };

  // Marking, by the forms that the page has anyway

  const post = async (form) => {
    const response = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    if (!response.ok) throw new Error(`${form.getAttribute("action")} answered ${response.status}`);
    return response.json();
  };

  const marks = (list) => [...list.querySelectorAll('form[data-feeds-mark="one"]')];

  // The keyboard goes on with the next form, else the one before, else with the list.
  const moveFocus = (form, list, all) => {
    if (!form.contains(document.activeElement)) return;
    const others = all ? [] : marks(list);
    const place = others.indexOf(form);
    const next = others[place + 1] || others[place - 1];
    (next ? next.querySelector("button") : list).focus();
  };

  const marked = (form, counts) => {
    const list = form.closest("[data-feeds-list]");
    const all = form.dataset.feedsMark === "all";
    moveFocus(form, list, all || !counts.unread);
    for (const one of all ? marks(list) : [form]) {
      const item = one.closest("li");
      if (item) {
        item.classList.remove("unread", "unseen");
        item.querySelectorAll("[data-feeds-unread]").forEach((text) => text.remove());
      }
      one.remove();
    }
    if (!counts.unread) list.querySelectorAll('form[data-feeds-mark="all"]').forEach((one) => one.remove());
    showCounts(list.dataset.feedsList, counts);
    // What came since this page was drawn is not on it, and this form cannot mark it.
    if (all && counts.unread) location.reload();
  };

  const busy = new WeakSet();

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-feeds-list] form[data-feeds-mark]")) return;
    event.preventDefault();
    if (busy.has(form)) return;
    busy.add(form);
    try {
      marked(form, await post(form));
    } catch {
      location.reload(); // it shows what is so: marked elsewhere, signed out, ...
    } finally {
      busy.delete(form);
    }
  });

  // A list that is looked at has been seen.
  const watch = (form) => {
    const list = form.closest("[data-feeds-list]");
    const observer = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      try {
        showCounts(list.dataset.feedsList, await post(form));
      } catch {
        // It stays unseen, and the next page tries again.
      }
    });
    observer.observe(list);
  };

  if ("IntersectionObserver" in window) document.querySelectorAll("form[data-feeds-seen]").forEach(watch);
  if ("EventSource" in window) listen();
})();
