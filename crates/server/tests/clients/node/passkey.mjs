// An authenticator in software, for one page: what it makes and shows, as a browser gives it to scripts and as it is sent.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

export class Authenticator {
  #id = randomBytes(32);
  #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #handle;

  // Somebody is there, and has proved who they are.
  #data(rp, flags, more = Buffer.alloc(0)) {
    return Buffer.concat([sha256(rp), Buffer.from([flags, 0, 0, 0, 0]), more]);
  }

  #client(type, challenge, origin) {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  // RFC 9052, section 7.
  #cose() {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const bytes = (text) => Buffer.from(text, 'base64url');
    return Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), bytes(x), Buffer.from('225820', 'hex'), bytes(y)]);
  }

  make(options, origin) {
    this.#handle = options.user.id;
    const size = Buffer.from([0, this.#id.length]);
    const data = this.#data(options.rp.id, 0x45, Buffer.concat([Buffer.alloc(16), size, this.#id, this.#cose()]));
    // {"fmt": "none", "attStmt": {}, "authData": data}
    const head = Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex');
    const attestationObject = Buffer.concat([head, Buffer.from([0x58, data.length]), data]);
    const response = { clientDataJSON: this.#client('webauthn.create', options.challenge, origin), attestationObject };
    return this.#sent(response, { transports: ['internal'] });
  }

  show(options, origin) {
    const authenticatorData = this.#data(options.rpId, 0x05);
    const clientDataJSON = this.#client('webauthn.get', options.challenge, origin);
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), this.#keys.privateKey);
    const userHandle = Buffer.from(this.#handle, 'base64url');
    return this.#sent({ clientDataJSON, authenticatorData, signature, userHandle });
  }

  #sent(response, more = {}) {
    const id = base64url(this.#id);
    const encoded = Object.entries(response).map(([name, bytes]) => [name, base64url(bytes)]);
    return { id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform', response: { ...Object.fromEntries(encoded), ...more } };
  }

  // `navigator.credentials` of a page.
  credentials(origin) {
    const buffer = (text) => new Uint8Array(Buffer.from(text, 'base64url')).buffer;
    const given = (sent) => {
      const { transports, ...parts } = sent.response;
      const response = Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, buffer(text)]));
      return { ...sent, rawId: buffer(sent.rawId), getClientExtensionResults: () => ({}), response: { ...response, getTransports: () => transports } };
    };
    const challenge = ({ publicKey }) => base64url(publicKey.challenge);
    return {
      create: async (asked) => {
        const user = { ...asked.publicKey.user, id: base64url(asked.publicKey.user.id) };
        return given(this.make({ ...asked.publicKey, user, challenge: challenge(asked) }, origin));
      },
      get: async (asked) => given(this.show({ ...asked.publicKey, challenge: challenge(asked) }, origin)),
    };
  }
}
