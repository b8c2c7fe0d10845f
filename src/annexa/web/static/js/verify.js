// Verifies a ledger entry in the browser: fetches the proof and does every sum again. Needs verify-checks.js.
// The last checkpoint seen is remembered on this device, so that a rewritten ledger shows on the next visit.
"use strict";
(() => {
	const L = annexaLedger;
	const SVG = "http://www.w3.org/2000/svg";
	const SHAPES = { pass: "met", fail: "failing", soon: "at-risk", idle: "absent" };

	const mark = (v) => {
		const svg = document.createElementNS(SVG, "svg");
		svg.setAttribute("class", "mark");
		svg.setAttribute("viewBox", "0 0 16 16");
		svg.setAttribute("aria-hidden", "true");
		svg.dataset.v = v;
		svg.append(document.createElementNS(SVG, "use"));
		svg.firstChild.setAttribute("href", `#m-${SHAPES[v]}`);
		return svg;
	};
	const span = (text, name) => {
		const made = document.createElement("span");
		made.textContent = text;
		if (name) made.className = name;
		return made;
	};

	const KEPT = "annexa-checkpoint ";
	const recall = (origin) => {
		try {
			const kept = JSON.parse(localStorage.getItem(KEPT + origin));
			return kept && Number.isSafeInteger(kept.size) && typeof kept.root === "string" ? kept : null;
		} catch {
			return null; // storage refused or unreadable: as on a first visit
		}
	};
	const remember = (origin, seen) => {
		try {
			localStorage.setItem(KEPT + origin, JSON.stringify(seen));
		} catch {
			return; // storage refused: the next visit is a first one again
		}
	};

	const line = (list, v, what, detail) => {
		const item = document.createElement("li");
		item.append(mark(v), span(what), span(detail || "", "mini"));
		list.append(item);
	};

	const tell = (panel, it, worst) => {
		const words = { pass: "Verified in this browser", fail: "Not what was sealed", soon: "Not verified", left: "Verified but for the signature" };
		const seal = span("", "verdict seal");
		seal.dataset.v = worst === "left" ? "soon" : worst;
		seal.append(mark(seal.dataset.v), words[worst]);
		panel.querySelector("[data-seal]").replaceChildren(seal);
		const leads = it.computed && it.checkpoint && L.same(it.computed, it.checkpoint.root);
		const drawn = panel.querySelector(".merkle");
		const broken = panel.querySelector("[data-broken]");
		broken.hidden = worst !== "fail";
		if (drawn) drawn.dataset.v = leads ? "pass" : seal.dataset.v;
		const apart = it.computed && !leads;
		panel.querySelector("[data-roots]").hidden = !apart;
		if (apart) compare(panel, L.toHex(it.checkpoint.root), L.toHex(it.computed));
		if (worst === "fail") broken.focus();
		const at = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
		panel.querySelector("[data-said]").textContent = `Your browser fetched ${(it.fetched / 1024).toFixed(1)} KB and did the sums itself at ${at}, in ${Math.round(performance.now() - it.since)} ms.`;
	};
	const compare = (panel, signed, computed) => {
		const groups = (hex) => hex.match(/.{8}/g) || [];
		const code = (hex, other) => {
			const made = document.createElement("code");
			made.className = "digest long";
			groups(hex).forEach((group, i) => made.append(Object.assign(document.createElement(other && groups(other)[i] !== group ? "mark" : "span"), { textContent: group }), " "));
			return made;
		};
		panel.querySelector("[data-signed]").replaceChildren(code(signed));
		panel.querySelector("[data-computed]").replaceChildren(code(computed, signed));
	};

	// Fetches the proof. What goes wrong here says nothing about the ledger.
	const fetched = async (panel, it) => {
		if (!globalThis.crypto || !crypto.subtle) throw new Error("This browser does no cryptography for pages on plain http: open Annexa over https or on localhost");
		const query = it.seen ? `?old=${it.seen.size}` : "";
		const answer = await fetch(panel.dataset.verify + query, { credentials: "same-origin", cache: "no-store" });
		if (!answer.ok) throw new Error(`The server did not give the proof (${answer.status})`);
		return answer.text();
	};

	const read = async (it, text) => {
		it.fetched = text.length;
		try {
			it.told = JSON.parse(text);
			it.header = JSON.parse(it.told.header);
			it.body = JSON.parse(it.told.body);
		} catch {
			throw new Error("What the server gave is not a proof, a header and a body");
		}
	};

	const verify = async (panel) => {
		const list = panel.querySelector("[data-checks]");
		const it = { position: Number(panel.dataset.position), origin: panel.dataset.origin, since: performance.now(), fetched: 0 };
		it.seen = recall(it.origin);
		list.replaceChildren();
		let worst = "pass";
		const attempt = async (check, otherwise) => {
			try {
				const found = await check(it);
				if (found && found.idle) line(list, "idle", found.what, found.detail);
				else if (found) line(list, "pass", ...found);
				if (found && found.left && worst === "pass") worst = "left";
			} catch (error) {
				worst = otherwise;
				line(list, otherwise, error.message);
			}
		};
		let text = "";
		await attempt(async () => { text = await fetched(panel, it); }, "soon");
		if (worst === "pass") await attempt(() => read(it, text), "fail");
		if (worst === "pass") for (const check of annexaChecks) await attempt(check, "fail");
		if (worst === "pass") remember(it.origin, { size: it.checkpoint.size, root: L.toHex(it.checkpoint.root), key: it.told.verifier_key, at: new Date().toISOString() });
		tell(panel, it, worst);
	};

	for (const panel of document.querySelectorAll("[data-verify]")) {
		const button = panel.querySelector("[data-start]");
		button.hidden = false;
		button.addEventListener("click", async () => {
			button.setAttribute("aria-busy", "true");
			await verify(panel);
			button.removeAttribute("aria-busy");
			button.textContent = "Check again";
		});
	}
})();
