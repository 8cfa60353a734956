// The one script of these pages: without one no browser asks a phone for a passkey. It sends nothing:
// what the phone says goes into the form, and the form where every form goes. Without it the page says
// that there are other ways.
const form = document.querySelector('form[data-passkey]');
const button = form.querySelector('button');
const show = (name, isShown) => {
  document.querySelector(`[data-passkey-${name}]`).hidden = !isShown;
};

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

// Written out, because phones of a few years ago do not have the functions for it.
async function askPhone() {
  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  if (form.dataset.passkey === 'get') return navigator.credentials.get({ publicKey: options });
  options.user.id = bytes(options.user.id);
  for (const known of options.excludeCredentials) known.id = bytes(known.id);
  return navigator.credentials.create({ publicKey: options });
}

if (window.PublicKeyCredential && navigator.credentials) {
  show('missing', false);
  button.hidden = false;
  button.addEventListener('click', async (event) => {
    event.preventDefault();
    show('failed', false);
    try {
      const { id, rawId, type, response } = await askPhone();
      const said = { clientDataJSON: text(response.clientDataJSON) };
      for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
        if (response[name]) said[name] = text(response[name]);
      }
      form.elements.passkey.value = JSON.stringify({
        ...{ id, rawId: text(rawId), type, response: said, clientExtensionResults: {} },
      });
      form.submit();
    } catch {
      // Turned back, too slow, or no passkey there: the phone has said which.
      show('failed', true);
    }
  });
}
