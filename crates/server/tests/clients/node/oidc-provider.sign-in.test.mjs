// The other way round: node oidc-provider is the provider, and a Gatepost of its own signs people in by it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import Provider from 'oidc-provider';

const binary = process.env.GATEPOST_BIN;
assert.ok(binary, 'run scripts/test-clients, which says where the server is');
console.info = console.warn = () => {};

const secret = 'what gatepost and the provider know';
const people = { grace: { email: 'grace@example.com', email_verified: true, name: 'Grace Hopper' } };
let folder, server, provider, issuer, gatepost, url;

// Where oidc-provider sends whoever is to sign in: here they do, and agree, at once.
async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (details.prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'grace' } });
  }
  const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatepost-'));
  server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  issuer = `http://127.0.0.1:${server.address().port}`;
  const file = join(folder, 'realm.toml');
  await writeFile(file, `
[[realm]]
name = "default"
[[realm.provider]]
id = "node"
name = "oidc-provider"
issuer = "${issuer}"
client_id = "gatepost"
client_secret = "${secret}"
trust_email = true
`);
  const options = ['serve', '--listen', '127.0.0.1:0', '--data-dir', join(folder, 'data'), '--apply', file, '--log-level', 'warn'];
  const env = { ...process.env, GATEPOST_OUTGOING__PRIVATE_ADDRESSES: 'true' };
  gatepost = spawn(binary, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((ready, failed) => {
    let out = '';
    gatepost.on('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    gatepost.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /ready on (\S+)/.exec(out);
      if (line) ready(line[1]);
    });
  });
  provider = new Provider(issuer, {
    cookies: { keys: ['only for a test'] },
    clients: [{
      client_id: 'gatepost', client_secret: secret, redirect_uris: [`${url}/sign-in/with/node/callback`],
    }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) return interaction(request, response);
    return answer(request, response);
  });
});

after(async () => {
  gatepost?.kill();
  server?.close();
  server?.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

// Cookies for each host, and redirects followed wherever they lead.
class Browser {
  #jars = new Map();

  async go(address) {
    let next = new URL(address, url);
    for (let step = 0; step < 20; step += 1) {
      const jar = this.#jars.get(next.origin) ?? new Map();
      this.#jars.set(next.origin, jar);
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(next, { redirect: 'manual', headers: { cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value) jar.set(name, value);
        else jar.delete(name);
      }
      const location = answer.headers.get('location');
      if (!location) return { url: next, status: answer.status, html: await answer.text() };
      next = new URL(location, next);
    }
    return assert.fail(`redirected without end, at last to ${next}`);
  }

  async signIn() {
    const page = await this.go('/sign-in');
    const [, link] = /id="with-node" href="([^"]*)"/.exec(page.html);
    return this.go(link.replaceAll('&#38;', '&').replaceAll('&amp;', '&'));
  }
}

test('somebody new is given an account, and the same one ever after', async () => {
  for (let time = 0; time < 2; time += 1) {
    const page = await new Browser().signIn();
    assert.equal(page.url.href, `${url}/account/profile`, page.html);
    assert.ok(page.html.includes('Grace Hopper') && page.html.includes('grace@<wbr>example<wbr>.com'), page.html);
  }
});

test('what is connected is on the page of the account', async () => {
  const browser = new Browser();
  await browser.signIn();
  const page = await browser.go('/account/security');
  assert.ok(page.html.includes('aria-label="Disconnect oidc-provider"'), page.html);
});
