// node oidc-provider as a peer of bench/: client_credentials and the code flow, everything in memory, as its
// documentation sets it up. Says where it serves, and makes signed-in browsers at POST /bench/browsers/{count}.
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

// It has advice for whoever runs it in earnest; here nobody reads on after the ready line.
console.info = console.warn = () => {};

const REDIRECT = 'https://client.example/callback';

// `jose` comes with oidc-provider.
const keys = [];
for (const [alg, options] of [['RS256', { modulusLength: 2048 }], ['ES256', {}], ['EdDSA', { crv: 'Ed25519' }]]) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  keys.push({ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg });
}

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  jwks: { keys },
  cookies: { keys: ['only for a measurement'] },
  clients: [
    {
      client_id: 'machine',
      client_secret: 'only-for-a-measurement-0123456789',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'web',
      token_endpoint_auth_method: 'none',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // An access token is opaque, its default and its fastest, unless a resource that is named after an algorithm is
      // asked for.
      getResourceServerInfo: (_, resource) => ({
        scope: 'notes:read',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: resource.slice('urn:'.length) } },
      }),
      useGrantedResource: () => false,
    },
  },
  interactions: { url: (_, interaction) => `/bench/sign-in/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // Every client has been consented to.
  async loadExistingGrant(context) {
    const { client, session, provider: { Grant } } = context.oidc;
    const known = session.grantIdFor(client.clientId);
    if (known) return Grant.find(known);
    const grant = new Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();

// What a browser does: keeps cookies and follows redirects until it is at the client's door.
async function browser() {
  const jar = new Map();
  const query = new URLSearchParams({
    client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: REDIRECT, state: 's', nonce: 'n',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
  });
  let url = `${issuer}/auth?${query}`;
  for (let step = 0; url.startsWith(issuer) && step < 10; step += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    url = new URL(response.headers.get('location'), issuer).href;
  }
  if (!url.includes('code=')) throw new Error(`the sign-in ended at ${url}`);
  // The other cookies are for the way to the sign-in.
  return [...jar].filter(([name]) => name.startsWith('_session')).map(([name, value]) => `${name}=${value}`).join('; ');
}

server.on('request', async (request, response) => {
  if (!request.url.startsWith('/bench/')) return answer(request, response);
  if (request.url.startsWith('/bench/sign-in/')) {
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }
  const browsers = [];
  for (let count = Number(request.url.split('/').at(-1)); count > 0; count -= 1) browsers.push(await browser());
  const body = browsers.join('\n');
  response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
});

console.log(`ready on ${issuer}`);
