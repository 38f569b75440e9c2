import { describe, expect, test } from 'vitest';
import { parseIdMapping } from '../../../src/daemon/id-mapping.ts';

describe('the map of ids', () => {
  test('names users and groups', () => {
    expect(parseIdMapping('1000=S-1-5-21-1-2-3-1001')).toEqual({
      kind: 'user',
      id: 1000,
      sid: 'S-1-5-21-1-2-3-1001',
    });
    expect(parseIdMapping('g100=s-1-5-32-545')).toEqual({
      kind: 'group',
      id: 100,
      sid: 'S-1-5-32-545',
    });
  });

  test.each(['', '1000', '1000=', 'x=S-1-5-18', '1000=S-2-5', '99999999999=S-1-5-18'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseIdMapping(text)).toThrow(/is not a mapping \(ERR_USAGE\)/);
    },
  );
});
