// The running server, and what it knows. scripts/test-clients starts it and says where.
import assert from 'node:assert/strict';

const url = process.env.GATEPOST_URL;
assert.ok(url, 'run scripts/test-clients, which starts the server');

export const issuer = new URL(url);
export const audience = 'notes-api';
export const machine = { id: 'machine', secret: 'the machine keeps this to itself' };
export const web = { id: 'web', secret: 'the web server keeps this to itself', callback: 'http://localhost:8000/callback' };
export const brought = {
  id: 'skc_app',
  secret: 'the application that was brought keeps this to itself',
  callback: 'http://localhost:8000/auth/callback',
};
export const app = { id: 'app', callback: 'http://127.0.0.1:8765/callback' };
export const ada = { username: 'ada', email: 'ada@example.com', password: 'the engine weaves algebra', name: 'Ada Lovelace' };
export const home = 'http://localhost:8000/';
