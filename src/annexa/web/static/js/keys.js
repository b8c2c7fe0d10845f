// Keys for those who live in the pages: / search, g then a letter for a place, j k rows, x choose, . as of, ? all keys.
// Single keys never fire in a field or with Ctrl, Alt or Meta, and can be turned off: data-keys="off" on <html>, or the box in the dialog.
"use strict";
(() => {
	const root = document.documentElement;
	const KEPT = "annexa-keys";
	const PLACES = { t: "today", f: "frameworks", s: "systems", c: "controls", l: "ledger", p: "path" };
	const ROWS = ".register tbody tr:not(.group), .waiting > li";
	const MAIN = "a.name, .subject a, th a, a, button";
	const WAIT = 1200; // ms in which the second letter of "g t" may come

	const kept = () => {
		try {
			return localStorage.getItem(KEPT);
		} catch {
			return null; // storage refused: the server's choice stands
		}
	};
	const keep = (value) => {
		try {
			localStorage.setItem(KEPT, value);
		} catch {
			return; // storage refused: the choice lasts as long as the page
		}
	};
	if (kept()) root.dataset.keys = kept();

	const typing = (target) => target.closest("input, select, textarea, [contenteditable], dialog, [popover]:popover-open");
	const off = () => root.dataset.keys === "off";

	const open = (id) => {
		const dialog = document.getElementById(id);
		if (!dialog || dialog.open) return;
		const box = dialog.querySelector("[data-keys-switch]");
		if (box) box.checked = !off();
		dialog.showModal();
	};

	const search = () => {
		const places = document.getElementById("places");
		const field = document.querySelector("#q");
		if (!field) return;
		if (field.offsetParent === null && places && places.showPopover) places.showPopover();
		field.focus();
		field.select();
	};

	const step = (by) => {
		const rows = [...document.querySelectorAll(ROWS)].filter((row) => row.querySelector(MAIN));
		if (!rows.length) return;
		const here = rows.findIndex((row) => row.contains(document.activeElement));
		const next = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by))];
		next.querySelector(MAIN).focus();
		next.scrollIntoView({ block: "nearest" });
	};

	const choose = () => {
		const row = document.activeElement.closest("tr");
		const pick = row && row.querySelector(".pick");
		if (pick) pick.click();
	};

	const go = (letter) => {
		const place = document.querySelector(`.places [data-place="${PLACES[letter]}"]`);
		if (place) place.click();
	};

	const asOf = () => {
		const field = document.querySelector(".asof [type=date]");
		if (field) field.focus();
	};

	// A page's own keys: a button or box that can be seen and says its letter.
	const keyed = (key) => [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && one.offsetParent);

	const chooseAll = (box) => {
		for (const pick of box.form.querySelectorAll(".pick:not(:disabled)")) pick.checked = box.checked;
	};

	const KEYS = { "/": search, j: () => step(1), k: () => step(-1), x: choose, ".": asOf, "?": () => open("keys") };
	let went = 0;

	document.addEventListener("keydown", (event) => {
		if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
		if (off() || typing(event.target)) return;
		const second = Date.now() - went < WAIT;
		went = 0;
		if (second && event.key in PLACES) {
			event.preventDefault();
			go(event.key);
		} else if (event.key === "g") {
			went = Date.now();
		} else if (event.key in KEYS) {
			event.preventDefault();
			KEYS[event.key]();
		} else if (keyed(event.key)) {
			event.preventDefault();
			const found = keyed(event.key);
			if (found.matches("input:not([type=checkbox])")) found.focus();
			else found.click();
		}
	});

	document.addEventListener("click", (event) => {
		const opener = event.target.closest("[data-open]");
		if (opener) open(opener.dataset.open);
	});

	document.addEventListener("change", (event) => {
		if (event.target.matches("[data-choose-all]")) chooseAll(event.target);
		if (!event.target.matches("[data-keys-switch]")) return;
		root.dataset.keys = event.target.checked ? "on" : "off";
		keep(root.dataset.keys);
	});
})();
