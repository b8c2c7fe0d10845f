// What is checked about a ledger entry, in order. Needs verify-ledger.js; verify.js shows how it came out.
// Each check answers [what, detail], or throws the sentence of what does not hold, or returns null where there is nothing
// to check, or `idle` where it could not be checked. `it` carries what was told by the server and found so far.
"use strict";
const annexaChecks = (() => {
	const L = annexaLedger;
	const count = (n) => n.toLocaleString("en-GB");
	const short = (hex) => `${hex.slice(0, 4)}…${hex.slice(-4)}`;
	const idle = (what, detail, left = false) => ({ idle: true, what, detail, left });

	const checkEvidence = async (it) => {
		const state = it.header.kind === "evidence" ? it.body.state : null;
		if (!state) return null;
		const answer = it.told.evidence && (await fetch(it.told.evidence.url, { credentials: "same-origin", cache: "no-store" }));
		if (!answer || !answer.ok) throw new Error("The server does not hand out the evidence: its bytes are missing or were changed");
		const bytes = new Uint8Array(await answer.arrayBuffer());
		it.fetched += bytes.length;
		const found = L.toHex(await L.sha256(bytes));
		if (found !== state.sha256) throw new Error(`The evidence hashes to ${short(found)}, the entry says ${short(String(state.sha256))}`);
		return ["The evidence hashes to the digest in the entry", short(found)];
	};
	const checkBody = async (it) => {
		const found = L.toHex(await L.sha256(L.hash32(it.told.salt), L.bytesOf(it.told.body)));
		if (found !== it.header.body) throw new Error(`The body hashes to ${short(found)}, the entry committed to ${short(String(it.header.body))}`);
		return ["The body is the one the entry committed to", short(found)];
	};
	const checkWay = async (it) => {
		if (it.told.index !== it.position) throw new Error(`The proof is of entry ${it.told.index}, not of ${it.position}`);
		it.checkpoint = L.readCheckpoint(it.told.checkpoint);
		const leaf = await L.leafHash(L.bytesOf(it.told.header));
		it.computed = await L.climb(leaf, it.position, it.checkpoint.size, it.told.proof.map(L.hash32));
		const many = it.told.proof.length;
		return [`${many} sibling ${many === 1 ? "hash leads" : "hashes lead"} from the entry to a root`, short(L.toHex(it.computed))];
	};
	const checkRoot = async (it) => {
		if (!it.computed) return idle("That root is the one in the checkpoint", "not reached");
		if (!L.same(it.computed, it.checkpoint.root)) throw new Error(`The hashes lead to another root than checkpoint ${count(it.checkpoint.size)} has`);
		return [`That root is the one in checkpoint ${count(it.checkpoint.size)}`, short(L.toHex(it.checkpoint.root))];
	};
	const checkSignature = async (it) => {
		if (!it.checkpoint) return idle("The checkpoint is signed", "not reached");
		const key = await L.readKey(it.told.verifier_key);
		if (it.checkpoint.origin !== it.origin || key.name !== it.origin) throw new Error("The checkpoint is of another ledger");
		if (it.seen && it.seen.key !== it.told.verifier_key) throw new Error("The ledger signs with another key than when this browser last saw it");
		if ((await L.signed(it.checkpoint, key)) === null) return idle("The signature was not checked", "this browser does not know Ed25519", true);
		return [`The checkpoint is signed by ${key.name}`, `Ed25519, key ${key.id}`];
	};
	const checkPast = async (it) => {
		const { seen, checkpoint: now, told } = it;
		if (!now) return idle("Prefix of the earlier checkpoint", "not reached");
		if (!seen) return idle("This browser saw no earlier checkpoint to compare with", "first visit");
		const day = String(seen.at).slice(0, 10);
		if (seen.size > now.size) throw new Error(`The ledger had ${count(seen.size)} entries on ${day} and has ${count(now.size)} now: entries are gone`);
		const before = L.hash32(seen.root);
		const [past, present] = seen.size === now.size ? [now.root, now.root] : await L.climbBoth(seen.size, now.size, (told.consistency || []).map(L.hash32), before);
		if (!L.same(past, before) || !L.same(present, now.root)) throw new Error(`The checkpoint seen on ${day} is not a prefix of this one: the ledger was rewritten`);
		return [`The checkpoint seen on ${day} is a prefix of this one: nothing was rewritten`, now.size - seen.size === 1 ? "1 entry since" : `${count(now.size - seen.size)} entries since`];
	};
	return [checkEvidence, checkBody, checkWay, checkRoot, checkSignature, checkPast];
})();
