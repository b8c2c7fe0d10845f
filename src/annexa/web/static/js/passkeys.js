// Passkeys: a form that says data-passkey asks the server what to ask for, asks the browser, and sends what it answered.
"use strict";
(() => {
	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
	const text = (buffer) =>
		btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

	const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

	const ready = (asked) => {
		const options = { ...asked, challenge: bytes(asked.challenge) };
		if (asked.user) options.user = { ...asked.user, id: bytes(asked.user.id) };
		if (asked.excludeCredentials) options.excludeCredentials = known(asked.excludeCredentials);
		if (asked.allowCredentials) options.allowCredentials = known(asked.allowCredentials);
		return options;
	};

	const told = (made) => {
		const response = { clientDataJSON: text(made.response.clientDataJSON) };
		for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
			if (made.response[name]) response[name] = text(made.response[name]);
		}
		return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
	};

	const ask = async (form) => {
		const begun = await fetch(form.dataset.passkey, {
			method: "POST",
			body: new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value }),
			credentials: "same-origin",
		});
		if (!begun.ok) throw new Error(String(begun.status));
		const { publicKey } = await begun.json();
		const options = { publicKey: ready(publicKey) };
		return publicKey.user ? navigator.credentials.create(options) : navigator.credentials.get(options);
	};

	for (const form of document.querySelectorAll("form[data-passkey]")) {
		if (!window.PublicKeyCredential || !window.isSecureContext) continue;
		form.hidden = false;
		form.addEventListener("submit", (event) => {
			if (form.elements.passkey.value) return;
			event.preventDefault();
			const said = form.querySelector("[role=status]");
			said.textContent = "";
			ask(form).then(
				(made) => {
					form.elements.passkey.value = told(made);
					form.submit();
				},
				() => {
					said.textContent = form.dataset.failed;
				},
			);
		});
	}
})();
