import { freePort, isPortFree } from './freePort.js';
import { portOwner } from './portOwner.js';
import { UserError } from './userError.js';

/**
 * Makes sure that the web process can listen there.
 * @throws UserError that says who does, and which port is free
 */
export async function requireFreePort(port: number, host: string): Promise<void> {
  if (port === 0 || (await isPortFree(port, host))) return;
  const owner = (await portOwner(port)) ?? 'another process';
  const other = await freePort(port + 1);
  throw new UserError(`Port ${port} is taken by ${owner}. Stop that, or take another port: PORT=${other} npm start`);
}
