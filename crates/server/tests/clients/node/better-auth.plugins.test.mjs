// Better Auth's plugins for mail, several sessions and devices, and the core that goes with them: the same requests to the original and to
// Gatepost, and the client of Better Auth against Gatepost. What differs on purpose is in docs/guide/coming-from-better-auth.md.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';

import { createAuthClient } from 'better-auth/client';
import { deviceAuthorizationClient, emailOTPClient, magicLinkClient, multiSessionClient } from 'better-auth/client/plugins';
import { deviceAuthorization, emailOTP, magicLink, multiSession } from 'better-auth/plugins';

import { Client, original, page, password } from './better-auth.mjs';

const email = 'ada@example.com';
let servers = [];

// The demo keeps its letters, and its administrator says the rest.
async function demo() {
  const server = spawn(process.env.GATEPOST_BIN, ['dev', '--listen', '127.0.0.1:0', '--log-level', 'warn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((ready, failed) => {
    let out = '';
    server.on('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    server.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /ready on (\S+)/.exec(out);
      if (line) ready(line[1]);
    });
  });
  const ask = async (method, path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  const { access_token: token } = await ask('POST', '/login', { email, password });
  await ask('PATCH', '/admin/realm', {
    settings: { rate_limits: 'off', email_sign_in: true, multi_session: true, account_deletion: true, allowed_origins: [page], session_idle_ttl: '7d', password: { min_length: 8 } },
  }, token);
  await ask('POST', '/admin/clients', {
    id: 'tv',
    settings: { token_endpoint_auth_method: 'none', skip_consent: true, grants: ['urn:ietf:params:oauth:grant-type:device_code'], scopes: ['account', 'openid'] },
  }, token);
  const stop = async () => {
    const ended = new Promise((over) => server.once('exit', over));
    server.kill();
    await ended;
  };
  let seen = 0;
  // The next letter to an address that has what is looked for.
  const letter = async (to, pattern) => {
    for (let tries = 0; tries < 200; tries += 1) {
      for (let n = seen + 1; ; n += 1) {
        const shown = await fetch(`${url}/dev/mail/${n}`);
        if (!shown.ok) break;
        const text = await shown.text();
        const html = await (await fetch(`${url}/dev/mail/${n}/html`)).text();
        const found = text.replaceAll('<wbr>', '').includes(to) && pattern.exec(html);
        if (found) {
          seen = n;
          return found[1].replaceAll('&#38;', '&').replaceAll('&amp;', '&');
        }
      }
      await new Promise((passed) => { setTimeout(passed, 25); });
    }
    throw new Error(`no letter to ${to}`);
  };
  return {
    url,
    stop,
    code: (to) => letter(to, /(\d{4} \d{4})/),
    link: (to) => letter(to, /href="(http[^"]*\/magic-link\/verify[^"]*)"/),
  };
}

async function theirs() {
  const codes = [];
  const links = [];
  const tables = { deviceCode: [] };
  const server = await original({
    tables,
    user: { changeEmail: { enabled: true }, deleteUser: { enabled: true } },
    plugins: [
      magicLink({ sendMagicLink: async ({ url }) => { links.push(url); } }),
      emailOTP({ changeEmail: { enabled: true }, sendVerificationOTP: async ({ otp }) => { codes.push(otp); } }),
      multiSession(),
      deviceAuthorization(),
    ],
  });
  return { ...server, code: async () => codes.pop(), link: async () => links.pop() };
}

before(async () => {
  assert.ok(process.env.GATEPOST_BIN, 'run scripts/test-clients, which says where the server is');
  servers = await Promise.all([theirs(), demo()]);
});

after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ids = new Set(['id', 'userId', 'token', 'access_token', 'device_code', 'user_code', 'sessionToken']);

function masked(value, key) {
  if (Array.isArray(value)) return value.map((one) => masked(one));
  if (value && typeof value === 'object') {
    // Sentences are our own, but where they say what is wrong with which member.
    const kept = value.code === 'VALIDATION_ERROR' ? value : { ...value, ...('message' in value && { message: '<message>' }), ...('error_description' in value && { error_description: '<message>' }) };
    return Object.fromEntries(Object.keys(kept).sort().map((name) => [name, masked(kept[name], name)]));
  }
  if (key === 'ipAddress' || key === 'userAgent') return '<whence>';
  // Of two servers that are there for other plugins, too.
  if (['twoFactorEnabled', 'username', 'displayUsername', 'image', 'name'].includes(key)) return undefined;
  if (typeof value !== 'string') return value;
  if (moment.test(value)) return '<moment>';
  return ids.has(key) ? '<id>' : value;
}

// What is compared of an answer.
function seen(url, { status, headers, text, json }) {
  // What a letter is good for here is said by a cookie that is none of the contract's.
  const cookies = (headers['set-cookie'] ?? []).filter((line) => line.startsWith('better-auth.') && !line.startsWith('better-auth.mailed='));
  const named = cookies.map((line) => `${line.split('=')[0].replace(/multi-.*/, 'multi-<id>')} ${/=;/.test(line) ? 'cleared' : 'set'}`);
  return {
    status,
    location: headers.location?.replace(url, '<server>'),
    cookies: [...new Set(named)].sort(),
    body: json === undefined ? text : JSON.parse(JSON.stringify(masked(json))),
  };
}

class Both {
  constructor() {
    this.fresh();
  }

  // Other browsers from here on.
  fresh() {
    this.clients = servers.map((server) => new Client(server.url));
  }

  // `own`: what each is asked with.
  async ask(method, path, own = () => undefined, headers = {}, known = (both) => both) {
    const answers = await Promise.all(this.clients.map(async (client, n) => {
      const body = typeof own === 'function' ? await own(n) : own;
      return client.ask(method, typeof path === 'function' ? await path(n) : path, { body, headers: { origin: page, ...headers } });
    }));
    const [there, here] = known(answers.map((answer, n) => seen(servers[n].url, answer)));
    assert.deepStrictEqual(here, there, `${method} ${typeof path === 'string' ? path : ''}`);
    return answers;
  }

  post(path, own, known) {
    return this.ask('POST', path, own, {}, known);
  }
}

// Under the base, and as a script of the application asks.
const path = async (n, to) => (await servers[n].link(to)).replace(`${servers[n].url}/api/auth`, '');

async function people(...names) {
  for (const name of names) {
    for (const server of servers) {
      const client = new Client(server.url);
      const made = await client.post('/sign-up/email', { name, email: `${name}@example.com`, password });
      assert.equal(made.status, 200, made.text);
    }
  }
}

test('Better Auth: signing in by a link', async () => {
  await people('bea');
  const both = new Both();
  const bea = 'bea@example.com';
  await both.post('/sign-in/magic-link', {});
  await both.post('/sign-in/magic-link', { email: 'nope' });
  await both.post('/sign-in/magic-link', { email: bea, callbackURL: 'https://evil.test' });
  await both.ask('POST', '/sign-in/magic-link', { email: bea }, { origin: 'https://evil.test' });
  await both.post('/sign-in/magic-link', { email: bea, callbackURL: '/home' });
  const links = await Promise.all([0, 1].map((n) => path(n, bea)));
  await both.ask('GET', (n) => links[n]);
  await both.ask('GET', '/get-session');
  await both.ask('GET', (n) => links[n]);
  await both.ask('GET', '/magic-link/verify');
  await both.ask('GET', '/magic-link/verify?token=x');
  await both.ask('GET', '/magic-link/verify?token=x&callbackURL=/a&errorCallbackURL=/oops?b=c');
  await both.ask('GET', '/magic-link/verify?token=x&callbackURL=https://evil.test');
  both.fresh();
  await both.post('/sign-in/magic-link', { email: bea });
  const plain = await Promise.all([0, 1].map(async (n) => (await path(n, bea)).replace(/&callbackURL=[^&]*/, '')));
  await both.ask('GET', (n) => plain[n]);
});

test('Better Auth: codes that are mailed', async () => {
  await people('cleo');
  const both = new Both();
  const cleo = 'cleo@example.com';
  const send = (type) => both.post('/email-otp/send-verification-otp', { email: cleo, type });
  const code = (n) => servers[n].code(cleo);
  await both.post('/email-otp/send-verification-otp', {});
  await both.post('/email-otp/send-verification-otp', { email: cleo, type: 'nope' });
  await both.post('/email-otp/send-verification-otp', { email: 'nope', type: 'sign-in' });
  await send('change-email');
  await send('email-verification');
  await both.post('/email-otp/verify-email', { email: cleo, otp: '000001' });
  await both.post('/email-otp/verify-email', async (n) => ({ email: cleo, otp: await code(n) }));
  await send('sign-in');
  const first = await Promise.all([0, 1].map(code));
  await both.post('/sign-in/email-otp', { email: cleo, otp: '000001' });
  await both.post('/email-otp/check-verification-otp', (n) => ({ email: cleo, type: 'sign-in', otp: first[n] }));
  await both.post('/sign-in/email-otp', (n) => ({ email: cleo, otp: first[n] }));
  await both.ask('GET', '/get-session');
  await both.post('/sign-in/email-otp', (n) => ({ email: cleo, otp: first[n] }));
  await both.post('/sign-in/email-otp', {});
  await both.post('/email-otp/request-email-change', {});
  await both.post('/email-otp/request-email-change', { newEmail: cleo });
  await both.post('/email-otp/request-email-change', { newEmail: 'cleopatra@example.com' });
  await both.post('/email-otp/change-email', { newEmail: 'cleopatra@example.com', otp: '000001' });
  await both.post('/email-otp/change-email', async (n) => ({ newEmail: 'cleopatra@example.com', otp: await servers[n].code('cleopatra@example.com') }));
  await both.ask('GET', '/get-session');
  const now = 'cleopatra@example.com';
  await both.post('/email-otp/request-password-reset', { email: 'nope' });
  await both.post('/email-otp/request-password-reset', { email: now });
  const reset = await Promise.all([0, 1].map((n) => servers[n].code(now)));
  await both.post('/email-otp/reset-password', { email: now, otp: '000001', password: 'another engine weaves' });
  await both.post('/email-otp/reset-password', (n) => ({ email: now, otp: reset[n], password: 'short' }));
  await both.post('/email-otp/reset-password', (n) => ({ email: now, otp: reset[n], password: 'another engine weaves' }));
  await both.post('/sign-in/email', { email: now, password: 'another engine weaves' });
});

test('Better Auth: several accounts in one browser', async () => {
  await people('dora', 'emma');
  const both = new Both();
  await both.ask('GET', '/multi-session/list-device-sessions');
  await both.post('/multi-session/set-active', {});
  await both.post('/multi-session/set-active', { sessionToken: 'x' });
  await both.post('/multi-session/revoke', { sessionToken: 'x' });
  await both.post('/sign-in/email', { email: 'dora@example.com', password });
  await both.post('/sign-in/email', { email: 'emma@example.com', password });
  const listed = await both.ask('GET', '/multi-session/list-device-sessions');
  const of = (name) => (n) => ({ sessionToken: listed[n].json.find(({ user }) => user.email === `${name}@example.com`).session.token });
  await both.post('/multi-session/set-active', of('dora'));
  await both.ask('GET', '/get-session');
  await both.post('/multi-session/revoke', of('dora'));
  await both.ask('GET', '/get-session');
  await both.post('/multi-session/set-active', of('dora'));
  await both.post('/sign-out', {});
  await both.ask('GET', '/multi-session/list-device-sessions');
});

const grant = 'urn:ietf:params:oauth:grant-type:device_code';

test('Better Auth: a device', async () => {
  await people('fay', 'gil');
  const both = new Both();
  // Shorter lives, another page, and the account in the scope: ours.
  const ours = (answers) => answers.map((answer) => {
    for (const name of ['expires_in', 'verification_uri', 'verification_uri_complete', 'scope']) delete answer.body?.[name];
    return answer;
  });
  const begin = () => both.post('/device/code', { client_id: 'tv', scope: 'openid' }, ours);
  const poll = (asked, known) => both.post('/device/token', (n) => ({ grant_type: grant, device_code: asked[n].json.device_code, client_id: 'tv' }), known);
  const waits = await begin();
  await both.post('/device/code', {});
  await poll(waits);
  await poll(waits);
  await both.post('/device/token', { grant_type: grant, device_code: 'x', client_id: 'tv' });
  await both.post('/device/approve', { userCode: 'x' });
  const asked = await begin();
  const typed = (n) => asked[n].json.user_code;
  await both.post('/sign-in/email', { email: 'fay@example.com', password });
  await both.post('/device/approve', (n) => ({ userCode: typed(n) }));
  await both.ask('GET', '/device?user_code=x');
  await both.ask('GET', (n) => `/device?user_code=${typed(n)}`, undefined, {}, ours);
  await both.post('/device/approve', (n) => ({ userCode: typed(n) }));
  const [, here] = await poll(asked, ours);
  const answer = await fetch(`${servers[1].url}/api/auth/get-session`, { headers: { authorization: `Bearer ${here.json.access_token}` } });
  assert.equal((await answer.json()).user.email, 'fay@example.com');
});

test('Better Auth: accounts elsewhere, and an account that is deleted', async () => {
  await people('hal');
  const both = new Both();
  const tokens = async (accountId) => {
    await both.post('/get-access-token', { accountId });
    await both.post('/refresh-token', { accountId });
    await both.ask('GET', `/account-info?accountId=${accountId}`);
  };
  await tokens('x');
  await both.post('/link-social', { provider: 'google' });
  await both.post('/unlink-account', { accountId: 'x' });
  await both.post('/sign-in/social', { provider: 'google' });
  await both.post('/delete-user', { password });
  await both.post('/update-session', { theme: 'dark' });
  await both.post('/sign-in/email', { email: 'hal@example.com', password });
  await tokens('x');
  await both.post('/get-access-token', { useAccountCookie: true });
  await both.post('/unlink-account', { accountId: 'x' });
  await both.post('/update-session', {});
  await both.post('/delete-user', { password: 'wrong' });
  await both.post('/delete-user', { password });
  await both.ask('GET', '/get-session');
});

// In a browser cookies are kept and the origin is sent; Node's fetch does neither.
function application() {
  const cookies = new Map();
  const customFetchImpl = async (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('origin', page);
    if (cookies.size) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  const plugins = [magicLinkClient(), emailOTPClient(), multiSessionClient(), deviceAuthorizationClient()];
  return createAuthClient({ baseURL: servers[1].url, plugins, fetchOptions: { customFetchImpl } });
}

const data = ({ data, error }) => {
  assert.equal(error, null, JSON.stringify(error));
  return data;
};

test('better-auth: a link and a code sign in, and the browser keeps both accounts', async () => {
  await people('ida', 'jon');
  const auth = application();
  data(await auth.signIn.magicLink({ email: 'ida@example.com' }));
  const token = new URL(await servers[1].link('ida@example.com')).searchParams.get('token');
  const signedIn = data(await auth.magicLink.verify({ query: { token } }));
  assert.equal(signedIn.user.email, 'ida@example.com');
  data(await auth.emailOtp.sendVerificationOtp({ email: 'jon@example.com', type: 'sign-in' }));
  const otp = await servers[1].code('jon@example.com');
  assert.equal((await auth.signIn.emailOtp({ email: 'jon@example.com', otp: '00000001' })).error.code, 'INVALID_OTP');
  assert.equal(data(await auth.signIn.emailOtp({ email: 'jon@example.com', otp })).user.email, 'jon@example.com');
  const kept = data(await auth.multiSession.listDeviceSessions());
  assert.deepEqual(kept.map(({ user }) => user.email).sort(), ['ida@example.com', 'jon@example.com']);
  const { session } = kept.find(({ user }) => user.email === 'ida@example.com');
  data(await auth.multiSession.setActive({ sessionToken: session.token }));
  assert.equal(data(await auth.getSession()).user.email, 'ida@example.com');
  data(await auth.multiSession.revoke({ sessionToken: session.token }));
  assert.equal(data(await auth.getSession()).user.email, 'jon@example.com');
  // Elsewhere neither is of any use.
  const elsewhere = application();
  data(await auth.emailOtp.sendVerificationOtp({ email: 'jon@example.com', type: 'sign-in' }));
  const another = await servers[1].code('jon@example.com');
  assert.equal((await elsewhere.signIn.emailOtp({ email: 'jon@example.com', otp: another })).error.code, 'INVALID_OTP');
  // Whoever proves an address first has the account without the password that it was made with.
  assert.equal((await auth.deleteUser({ password })).error.code, 'INVALID_PASSWORD');
  assert.deepEqual(data(await auth.deleteUser()), { success: true, message: 'User deleted' });
  assert.equal(data(await auth.getSession()), null);
});

test('better-auth: a device is connected', async () => {
  await people('kim');
  const [device, person] = [application(), application()];
  const asked = data(await device.device.code({ client_id: 'tv', scope: 'openid' }));
  const pending = await device.device.token({ grant_type: grant, device_code: asked.device_code, client_id: 'tv' });
  assert.equal(pending.error.error, 'authorization_pending');
  data(await person.signIn.email({ email: 'kim@example.com', password }));
  assert.equal(data(await person.device({ query: { user_code: asked.user_code } })).client_id, 'tv');
  data(await person.device.deny({ userCode: asked.user_code }));
  const refused = await device.device.token({ grant_type: grant, device_code: asked.device_code, client_id: 'tv' });
  assert.equal(refused.error.error, 'access_denied');
});
