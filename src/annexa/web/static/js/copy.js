// Copies what is shown short. A button carries the whole value in data-copy; nothing else on the page needs this.
"use strict";
(() => {
	const words = document.documentElement.dataset;

	// Plain http has no clipboard API, and many installations stand on a plain intranet address.
	const byHand = (text) => {
		const field = document.createElement("textarea");
		field.value = text;
		field.className = "unseen";
		document.body.append(field);
		field.select();
		const done = document.execCommand("copy");
		field.remove();
		return done ? Promise.resolve() : Promise.reject(new Error("copy refused"));
	};

	const copy = (text) =>
		navigator.clipboard && window.isSecureContext ? navigator.clipboard.writeText(text).catch(() => byHand(text)) : byHand(text);

	const say = (text) => {
		const said = document.getElementById("said");
		if (said) said.textContent = text;
	};

	const show = (button, icon) => {
		const use = button.querySelector("use");
		if (!use) return;
		const before = use.getAttribute("href");
		use.setAttribute("href", icon);
		button.dataset.copied = "";
		setTimeout(() => {
			use.setAttribute("href", before);
			delete button.dataset.copied;
		}, 2000);
	};

	document.addEventListener("click", (event) => {
		const button = event.target.closest("[data-copy]");
		if (!button || "copied" in button.dataset) return;
		copy(button.dataset.copy).then(
			() => {
				show(button, "#i-check");
				button.focus();
				say(words.copied || "Copied");
			},
			() => say(words.notCopied || "The browser did not allow copying"),
		);
	});
})();
