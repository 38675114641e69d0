import { expect } from 'chai';
import { authenticate, authorise, type Principal, scopes } from '../../src/http/principal.js';
import { codeOf } from './codeOf.js';

describe('principals', () => {
  it('are all the same for now, and may do everything', async () => {
    const principal = await authenticate({});
    expect(principal.id).to.equal('anonymous');
    for (const scope of scopes) expect(codeOf(() => authorise(principal, scope))).to.equal('none');
  });

  it('are refused what their scopes do not name', () => {
    const reader: Principal = { id: 'reader', role: 'customer', scopes: new Set(['orders:read']) };
    expect(codeOf(() => authorise(reader, 'orders:read'))).to.equal('none');
    expect(codeOf(() => authorise(reader, 'orders:write'))).to.equal('FORBIDDEN');
  });
});
