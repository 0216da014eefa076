// Asks the original and Gatepost the same, and keeps what differs.
import assert from 'node:assert/strict';

import { Client, page, password } from './better-auth.mjs';

// What is compared of an answer.
function seen(url, answer) {
  const { headers } = answer;
  return {
    status: answer.status,
    type: answer.text && headers['content-type']?.split(';')[0],
    location: headers.location?.replace(url, '<server>').replace(/(?<=token=).*/, '<token>'),
    cookies: (headers['set-cookie'] ?? []).map(cookie).filter(Boolean).sort(),
    token: headers['set-auth-token'] && /^\w+\.[\w+/]+=*$/.test(headers['set-auth-token']),
    jwt: headers['set-auth-jwt'] && claims(url, headers['set-auth-jwt']),
    exposed: ['set-auth-token', 'set-auth-jwt'].filter((name) => headers[name] && headers['access-control-expose-headers']?.includes(name)),
    body: answer.json === undefined ? answer.text : masked(url, answer.json),
  };
}

// Of the contract's cookies alone; their values are of each server.
function cookie(line) {
  const [pair, ...attributes] = line.split('; ');
  const [name, value] = pair.split('=');
  // Set anew by us for as long as there is left of the session.
  const rounded = attributes.map((attribute) => attribute.replace(/^Max-Age=6047\d\d$/, 'Max-Age=604800'));
  return name.startsWith('better-auth.') && `${name}=${value && '<value>'}; ${rounded.sort().join('; ')}`;
}

function claims(url, token) {
  const part = (n) => JSON.parse(Buffer.from(token.split('.')[n], 'base64url'));
  const { iat, exp, ...rest } = part(1);
  return { header: { ...part(0), kid: '<id>' }, lifetime: exp - iat, claims: masked(url, rest) };
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ids = new Set([
  'id', 'userId', 'accountId', 'referenceId', 'sub', 'kid', 'x', 'organizationId', 'inviterId', 'activeOrganizationId', 'activeTeamId', 'teamId', 'challenge', 'key', 'impersonatedBy',
]);

function masked(url, value, key) {
  if (Array.isArray(value)) return value.map((one) => masked(url, one));
  if (value && typeof value === 'object') {
    // Sentences are our own, but where they say what is wrong with which member.
    const spoken = value.code === 'VALIDATION_ERROR' ? value : 'message' in value ? { ...value, message: '<message>' } : value;
    return Object.fromEntries(Object.keys(spoken).sort().map((name) => [name, masked(url, spoken[name], name)]));
  }
  if (typeof value !== 'string') return value;
  if (moment.test(value)) return '<moment>';
  if (ids.has(key)) return '<id>';
  // Better Auth knows the address of a proxy's header alone; we know that of the connection too.
  if (key === 'ipAddress' && ['', '127.0.0.1'].includes(value)) return '<address>';
  if (key === 'token') return value.includes('.') ? claims(url, value) : '<token>';
  return value === url ? '<server>' : value;
}

// Asks both, and keeps what differs.
export class Both {
  differences = [];
  asked = 0;

  constructor(servers) {
    this.servers = servers;
    this.clients = servers.map((server) => new Client(server.url));
  }

  // `known`: what differs on purpose, out of both.
  async ask(method, path, options = {}, known = (both) => both) {
    const answers = await Promise.all(this.clients.map((client, n) => {
      const own = typeof options === 'function' ? options(client, n) : options;
      const headers = { ...(method === 'POST' && { origin: page }), ...own.headers };
      for (const name of Object.keys(headers)) if (headers[name] === undefined) delete headers[name];
      return client.ask(method, typeof path === 'function' ? path(n) : path, { ...own, headers });
    }));
    const [there, here] = known(answers.map((answer, n) => seen(this.servers[n].url, answer)));
    this.asked += 1;
    try {
      assert.deepStrictEqual(here, there);
    } catch ({ message }) {
      this.differences.push(`${method} ${path} ${JSON.stringify(options.body ?? options.raw ?? '')}\n${message}`);
    }
    return answers;
  }

  // Other browsers from here on.
  fresh() {
    this.clients = this.servers.map((server) => new Client(server.url));
  }

  agreed(atLeast) {
    assert.equal(this.differences.join('\n\n'), '');
    assert.ok(this.asked >= atLeast, `only ${this.asked} were asked`);
  }
}

export const post = (body, headers) => ({ body, headers });
export const without = (...members) => (both) => both.map((one) => {
  for (const member of members) delete one[member];
  return one;
});

// Without members of the body, wherever they are in it.
export const bodyWithout = (...members) => (both) => both.map((one) => {
  const strip = (value) => {
    if (Array.isArray(value)) return value.map(strip);
    if (!value || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => !members.includes(name)).map(([name, inner]) => [name, strip(inner)]));
  };
  return { ...one, body: strip(one.body) };
});

// Somebody with a proven address, in a browser of each server.
export async function person(servers, name) {
  return Promise.all(servers.map(async (server) => {
    const client = new Client(server.url);
    const made = await client.post('/sign-up/email', { name, email: `${name}@example.com`, password });
    assert.equal(made.status, 200, made.text);
    server.verify(`${name}@example.com`);
    return client;
  }));
}
