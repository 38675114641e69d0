import { startPostgres } from './dev/postgresServer.js';
import pg from 'pg';
const p = await startPostgres({ folder: process.argv[2]+'/postgres' });
const c = new pg.Client({connectionString: p.url('flowmart')}); await c.connect();
for (const q of process.argv.slice(3)) { const r = await c.query(q); console.table(r.rows); }
await c.end(); await p.stop();
