// A Gatepost of its own for applications written for Better Auth, the original beside it, and what both need: plain requests that say no
// more than they are told to, and an authenticator app.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { apiKey } from '@better-auth/api-key';
import { passkey } from '@better-auth/passkey';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { admin, bearer, jwt, organization, twoFactor, username } from 'better-auth/plugins';

export const page = 'http://localhost:3000';
export const password = 'the engine weaves algebra';
// Who administers both.
export const root = 'root@example.com';

// Better Auth's own defaults, where a realm has others.
const realm = `
[[realm]]
name = "default"
rate_limits = "off"
allowed_origins = ["${page}"]
session_idle_ttl = "7d"
password = { min_length = 8 }
trusted_device_ttl = "30d"
organization_roles = ["admin"]
api_key_scopes = ["api"]
[[realm.role]]
name = "admin"
permissions = ["organization:manage"]
[[realm.role]]
name = "editor"
permissions = ["notes:read", "notes:write"]
[[realm.user]]
email = "${root}"
name = "Root"
password = "${password}"
roles = ["realm-admin", "editor"]
`;

// The same with teams, which are off in both unless switched on.
export const divided = realm.replace('api_key_scopes', 'teams = true\napi_key_scopes');

export async function gatepost(declared = realm) {
  const binary = process.env.GATEPOST_BIN;
  assert.ok(binary, 'run scripts/test-clients, which says where the server is');
  const folder = await mkdtemp(join(tmpdir(), 'gatepost-'));
  const file = join(folder, 'realm.toml');
  await writeFile(file, declared);
  const options = ['serve', '--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data'), '--apply', file, '--log-level', 'warn'];
  const server = spawn(binary, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((ready, failed) => {
    let out = '';
    server.on('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    server.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /ready on (\S+)/.exec(out);
      if (line) ready(line[1]);
    });
  });
  const stop = async () => {
    const ended = new Promise((over) => server.once('exit', over));
    server.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  // As if the link of the letter had been opened.
  const verify = (email) => {
    const { status, stderr } = spawnSync(binary, ['user', 'verify', email, '--data-dir', join(folder, 'data')]);
    assert.equal(status, 0, String(stderr));
  };
  return { url, stop, verify, enable: (client) => enableHere(url, client) };
}

// `more`: further options, tables and plugins, and options of the plugin for organizations.
export async function original({ tables: more, plugins = [], organizations, ...options } = {}) {
  let handler;
  const server = http.createServer((request, response) => handler(request, response));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  const tables = {
    user: [], session: [], account: [], verification: [], jwks: [], twoFactor: [], organization: [], member: [], invitation: [], passkey: [],
    apikey: [], ...more,
  };
  handler = toNodeHandler(betterAuth({
    baseURL: url,
    secret: 'of the original, to sign its cookies with',
    database: memoryAdapter(tables),
    trustedOrigins: [page],
    emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
    emailVerification: { sendVerificationEmail: async () => {} },
    user: { changeEmail: { enabled: true } },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
    ...options,
    plugins: [
      bearer(), jwt(), organization(organizations), twoFactor(), username(), admin(), passkey({ rpID: 'localhost' }), apiKey(), ...plugins,
    ],
  }));
  await new Client(url).post('/sign-up/email', { name: 'Root', email: root, password });
  tables.user[0].role = 'admin';
  const verify = (email) => { tables.user.find((user) => user.email === email).emailVerified = true; };
  const stop = () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); });
  return { url, stop, verify, enable: enableThere };
}

// Asks as a browser with cookies would, and sends nothing that it is not told to.
export class Client {
  #cookies = new Map();

  constructor(url, keeps = true) {
    this.url = url;
    this.keeps = keeps;
  }

  ask(method, path, { body, raw, headers = {} } = {}) {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const all = { ...headers };
    if (payload !== undefined) {
      all['content-type'] ??= 'application/json';
      all['content-length'] = Buffer.byteLength(payload);
    }
    if (this.#cookies.size) all.cookie ??= [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((answered, failed) => {
      const request = http.request(`${this.url}/api/auth${path}`, { method, headers: all }, (response) => {
        let text = '';
        response.on('data', (chunk) => { text += chunk; });
        response.on('end', () => {
          for (const line of this.keeps ? response.headers['set-cookie'] ?? [] : []) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            if (/max-age=0/i.test(line)) this.#cookies.delete(name);
            else this.#cookies.set(name, value);
          }
          answered({ status: response.statusCode, headers: response.headers, text, json: parsed(text) });
        });
      });
      request.on('error', failed);
      request.end(payload);
    });
  }

  get(path, headers) {
    return this.ask('GET', path, { headers });
  }

  // From a page that is trusted.
  post(path, body, headers) {
    return this.ask('POST', path, { body, headers: { origin: page, ...headers } });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// RFC 6238, so many steps from now.
export function totp(secret, steps = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/=+$/, '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// A second factor is set up in the way that each has; what follows is the same.
async function enableThere(client) {
  const { json } = await client.post('/two-factor/enable', { password });
  const secret = new URL(json.totpURI).searchParams.get('secret');
  const done = await client.post('/two-factor/verify-totp', { code: totp(secret, -1) });
  assert.equal(done.status, 200, done.text);
  return { secret, codes: json.backupCodes };
}

async function enableHere(url, client) {
  const { json } = await client.get('/get-session');
  const ask = async (path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: body && JSON.stringify(body) });
    assert.equal(answer.status, 200, `${path}: ${answer.status}`);
    return answer.json();
  };
  const { access_token: token } = await ask('/login', { email: json.user.email, password });
  const { secret } = await ask('/me/mfa/totp', undefined, token);
  const { recovery_codes: codes } = await ask('/me/mfa/totp/confirm', { code: totp(secret, -1) }, token);
  return { secret, codes };
}
