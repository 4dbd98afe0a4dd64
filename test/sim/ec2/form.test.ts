import { expect, test } from 'bun:test';
import { receive } from '../../../src/sim/ec2/body.ts';
import { candidateIds, readFilters } from '../../../src/sim/ec2/filters.ts';
import { Parameters } from '../../../src/sim/ec2/parameters.ts';
import { renderAnswer } from '../../../src/sim/ec2/xml.ts';

test('receive() refuses a query as long as no body may be', async () => {
  const ask = (length: number): Promise<unknown> => receive(new Request(`http://127.0.0.1/?a=${'x'.repeat(length)}`));
  await expect(ask(2 ** 20)).rejects.toMatchObject({ code: 'RequestEntityTooLarge', status: 413 });
  await expect(ask(2 ** 20 - 3)).resolves.toMatchObject({ pairs: [['a', 'x'.repeat(2 ** 20 - 3)]] });
});

test('lists are in the order of their numbers, however they are sent', () => {
  const parameters = Parameters.parse([10, 9, 2, 1, 0].map((number) => [`Id.${number}`, `${number}`]));
  expect(parameters.list('Id')).toEqual(['1', '2', '9', '10']);
});

test('candidateIds() takes the filter that leaves the fewest, and none that an index does not know whole', () => {
  const indexes: Readonly<Record<string, readonly string[]>> = { 'a 1': ['x', 'y', 'z'], 'a 2': ['z'], 'b 1': ['y'] };
  const found = (...filters: readonly (readonly [string, ...string[]])[]): readonly string[] | undefined => {
    const pairs = filters.flatMap(([name, ...values], index) => [
      [`Filter.${index + 1}.Name`, name] as const,
      ...values.map((value, at) => [`Filter.${index + 1}.Value.${at + 1}`, value] as const),
    ]);
    return candidateIds(readFilters(Parameters.parse(pairs)), (name, value) => indexes[`${name} ${value}`]);
  };
  expect([
    found(['a', '1'], ['b', '1']),
    found(['b', '1'], ['a', '1']),
    found(['a', '1', '2']),
    found(['a', '1', '3']),
    found(['a', '*'], ['b', '1']),
    found(['c', '1']),
  ]).toEqual([['y'], ['y'], ['x', 'y', 'z'], undefined, ['y'], undefined]);
});

test('renderAnswer() gives back texts as they were, the end of a line included', () => {
  const xml = renderAnswer('A', 'id', { text: '<a href="x">&\r\n</a>', none: undefined, empty: '', list: [1, true] });
  expect(xml.split('\n').slice(1).join('\n')).toBe(
    `<AResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>id</requestId><text>&lt;a href=&quot;x&quot;&gt;&amp;&#13;\n&lt;/a&gt;</text><empty/><list>1</list><list>true</list></AResponse>`,
  );
});
