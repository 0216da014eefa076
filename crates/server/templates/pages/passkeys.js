// Asks the browser for a passkey, and sends what it answers like any other form. Where it cannot, the page has other ways.
const area = document.querySelector("[data-passkey]");
const form = area.querySelector("form");
const options = JSON.parse(area.dataset.options);
const domain = options.rpId ?? options.rp.id;

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const publicKey = { ...options, challenge: bytes(options.challenge) };
for (const list of ["allowCredentials", "excludeCredentials"]) {
  if (options[list]) publicKey[list] = options[list].map((one) => ({ ...one, id: bytes(one.id) }));
}
if (options.user) publicKey.user = { ...options.user, id: bytes(options.user.id) };

let asking;
const ask = async (mediation) => {
  asking?.abort();
  asking = new AbortController();
  const how = { publicKey, signal: asking.signal, ...(mediation && { mediation }) };
  const make = area.dataset.passkey === "create";
  const { id, type, response } = make ? await navigator.credentials.create(how) : await navigator.credentials.get(how);
  const clientDataJSON = text(response.clientDataJSON);
  form.elements.passkey.value = JSON.stringify({
    id, rawId: id, type, clientExtensionResults: {},
    response: make
      ? { clientDataJSON, attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }
      : { clientDataJSON, authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: text(response.userHandle) },
  });
  // Whether to stay signed in is asked once on the page.
  form.elements.remember?.remove();
  if (document.querySelector("[type=checkbox][name=remember]:checked")) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "remember", value: "1" }));
  }
  form.requestSubmit();
};
const say = (what) => {
  for (const said of form.querySelectorAll("[data-said]")) said.hidden = said.dataset.said !== what;
};
// The field for the user name offers passkeys as well.
const offer = async () => {
  if (!("autofill" in area.dataset) || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  await ask("conditional").catch(() => {});
};

if (window.PublicKeyCredential && (location.hostname === domain || location.hostname.endsWith(`.${domain}`))) {
  area.hidden = false;
  for (const other of document.querySelectorAll("[data-no-passkey]")) other.hidden = true;
  form.addEventListener("submit", async (event) => {
    if (form.elements.passkey.value) return;
    event.preventDefault();
    event.stopPropagation();
    const button = form.querySelector("button");
    button.setAttribute("aria-busy", "true");
    say();
    try {
      await ask();
    } catch (error) {
      button.removeAttribute("aria-busy");
      say(error.name === "InvalidStateError" ? "known" : "nothing");
      offer();
    }
  });
  // Back again, from the browser's memory: what was sent is not sent again.
  addEventListener("pageshow", () => { form.elements.passkey.value = ""; });
  offer();
}
