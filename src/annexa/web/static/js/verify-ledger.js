// The arithmetic of the ledger for a browser, with Web Crypto and nothing of ours: RFC 9162 2.1.3.2 and 2.1.4.2,
// C2SP signed-note and tlog-checkpoint. Every function throws an Error with a sentence when something does not hold.
"use strict";
const annexaLedger = (() => {
	const HEX = /^(?:[0-9a-f]{2})*$/;
	const bytesOf = (text) => new TextEncoder().encode(text);
	const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
	const same = (one, other) => toHex(one) === toHex(other);

	const fromHex = (text) => {
		if (typeof text !== "string" || !HEX.test(text)) throw new Error("A hash is not written in hex");
		return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
	};
	const hash32 = (text) => {
		const bytes = fromHex(text);
		if (bytes.length !== 32) throw new Error("A hash does not have 32 bytes");
		return bytes;
	};
	const fromBase64 = (text) => {
		try {
			return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
		} catch {
			throw new Error("Something is not base64");
		}
	};
	const join = (...parts) => {
		const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
		parts.reduce((at, part) => {
			whole.set(part, at);
			return at + part.length;
		}, 0);
		return whole;
	};

	const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
	const leafHash = (data) => sha256(Uint8Array.of(0), data);
	const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);
	const half = (n) => Math.floor(n / 2); // positions may be larger than 32 bits
	const odd = (n) => n % 2 === 1;

	// The root to which an entry leads. RFC 9162 2.1.3.2
	const climb = async (leaf, index, size, proof) => {
		if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) throw new Error("The entry is not within the ledger");
		let [place, last, made] = [index, size - 1, leaf];
		for (const given of proof) {
			if (last === 0) throw new Error("The proof has too many hashes");
			if (odd(place) || place === last) {
				made = await nodeHash(given, made);
				while (place && !odd(place)) [place, last] = [half(place), half(last)];
			} else {
				made = await nodeHash(made, given);
			}
			[place, last] = [half(place), half(last)];
		}
		if (last !== 0) throw new Error("The proof has too few hashes");
		return made;
	};

	// The two roots that a consistency proof leads to, from the earlier ledger and from this one. RFC 9162 2.1.4.2
	const climbBoth = async (old, size, proof, oldRoot) => {
		let rest = old;
		while (rest > 1 && !odd(rest)) rest = half(rest);
		const hashes = rest === 1 ? [oldRoot, ...proof] : [...proof];
		if (!hashes.length) throw new Error("The proof has too few hashes");
		let [place, last] = [old - 1, size - 1];
		while (odd(place)) [place, last] = [half(place), half(last)];
		let before = hashes[0];
		let now = hashes[0];
		for (const given of hashes.slice(1)) {
			if (last === 0) throw new Error("The proof has too many hashes");
			if (odd(place) || place === last) {
				before = await nodeHash(given, before);
				now = await nodeHash(given, now);
				while (place && !odd(place)) [place, last] = [half(place), half(last)];
			} else {
				now = await nodeHash(now, given);
			}
			[place, last] = [half(place), half(last)];
		}
		if (last !== 0) throw new Error("The proof has too few hashes");
		return [before, now];
	};

	// name+id+base64 of a type byte and the public key; the id must belong to the key.
	const readKey = async (text) => {
		const [name, id, ...rest] = text.split("+");
		const typed = fromBase64(rest.join("+"));
		if (typed.length !== 33 || typed[0] !== 1) throw new Error("The key is not an Ed25519 key");
		const made = toHex((await sha256(bytesOf(`${name}\n`), typed)).slice(0, 4));
		if (made !== id) throw new Error("The key is damaged: its id does not fit");
		return { name, id, raw: typed.slice(1) };
	};

	// A note is a text, an empty line and signature lines; the text of a checkpoint is origin, size and root.
	const readCheckpoint = (note) => {
		const border = note.lastIndexOf("\n\n");
		if (border < 0 || !note.endsWith("\n")) throw new Error("The checkpoint is not a signed note");
		const text = note.slice(0, border + 1);
		const [origin, size, root] = text.split("\n");
		if (!/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Error("The checkpoint has no size");
		return { text, origin, size: Number(size), root: fromBase64(root || ""), lines: note.slice(border + 2).split("\n").slice(0, -1) };
	};

	// true: the key signed the text. null: this browser does not know Ed25519.
	const signed = async (checkpoint, key) => {
		const prefix = `— ${key.name} `;
		const values = checkpoint.lines.filter((line) => line.startsWith(prefix)).map((line) => fromBase64(line.slice(prefix.length)));
		const mine = values.filter((value) => toHex(value.slice(0, 4)) === key.id && value.length === 68);
		if (!mine.length) throw new Error(`${key.name} did not sign it`);
		let known;
		try {
			known = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
		} catch (error) {
			if (error.name === "NotSupportedError" || error.name === "SyntaxError") return null;
			throw error;
		}
		for (const value of mine) {
			if (!(await crypto.subtle.verify({ name: "Ed25519" }, known, value.slice(4), bytesOf(checkpoint.text)))) throw new Error("The signature does not fit the checkpoint");
		}
		return true;
	};

	return { bytesOf, toHex, fromHex, hash32, same, sha256, leafHash, climb, climbBoth, readKey, readCheckpoint, signed };
})();
