// The slider of an as-of form: moving it says the day in words, resting on a day asks for it; a point of the chart does
// the same in place. The date field of the form is what is sent, so all of it works without this file.
"use strict";
(() => {
	const DAY = 864e5; // ms; a slider counts days since 1970
	const REST = 300; // ms without a move, after which the day is asked for
	const form = (element) => element.closest("form.asof");
	const slider = (element) => form(element)?.querySelector("[data-words]");
	let waiting;

	const within = (range, day) => day >= range.min && day <= range.max;

	const say = (range, day) => {
		const lang = document.documentElement.lang;
		const date = new Date(day * DAY).toLocaleDateString(lang, { dateStyle: "long", timeZone: "UTC" });
		const words = within(range, day) ? date : `${date}, ${range.dataset.beyond}`;
		range.setAttribute("aria-valuetext", words);
		document.getElementById(range.dataset.words).textContent = words;
		mark(range, day);
	};

	// The chart stays while the page beneath it changes; the mark of the day moves.
	const mark = (range, day) => {
		const line = document.querySelector("#over-time [data-chosen]");
		if (!line) return;
		const shown = within(range, day) && day !== Number(range.dataset.today);
		const x = shown ? (100 * (day - range.min)) / (range.max - range.min) : 0;
		line.setAttribute("visibility", shown ? "visible" : "hidden");
		for (const end of ["x1", "x2"]) line.setAttribute(end, `${x.toFixed(2)}%`);
	};

	const ask = (element, day) => {
		const asked = form(element);
		asked.elements.at.value = day;
		asked.requestSubmit();
	};

	document.addEventListener("htmx:afterSettle", () => {
		const range = document.querySelector("[data-words]");
		const day = range && form(range).elements.at.valueAsNumber / DAY;
		if (day) mark(range, day);
	});

	document.addEventListener("input", ({ target }) => {
		const range = slider(target);
		if (!range) return;
		const typed = target.name === "at" && target.valueAsNumber / DAY;
		if (typed) range.value = typed;
		say(range, typed || Number(range.value));
	});

	document.addEventListener("change", ({ target }) => {
		if (!target.matches("[data-words]")) return;
		clearTimeout(waiting);
		waiting = setTimeout(() => ask(target, new Date(target.value * DAY).toISOString().slice(0, 10)), REST);
	});

	document.addEventListener("click", (event) => {
		const point = event.target.closest("a[data-on]");
		if (!point || !slider(point) || event.ctrlKey || event.metaKey || event.shiftKey) return;
		if (form(point).elements.hindsight) return; // the chart shows what was known then; its link leads there
		event.preventDefault();
		const range = slider(point);
		range.value = Date.parse(point.dataset.on) / DAY;
		say(range, Number(range.value));
		ask(point, point.dataset.on);
	});
})();
