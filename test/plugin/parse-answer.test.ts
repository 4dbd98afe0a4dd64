import { describe, expect, test } from 'bun:test';
import { parseAnswer } from '../../src/plugin/parse-answer.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const body = '{"msg":"Ünïcode"}';
const WHOLE = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: ${bytes(body).length}\r\n\r\n${body}`;

describe('parseAnswer()', () => {
  test('an answer is complete with its last byte, not before', () => {
    const whole = bytes(WHOLE);
    for (let length = 0; length < whole.length; length++)
      expect(parseAnswer(whole.subarray(0, length))).toBeUndefined();
    expect(parseAnswer(whole)).toEqual({ ok: true, body });
  });

  test('what comes behind it is not its body', () => {
    expect(parseAnswer(bytes(`${WHOLE}more`))).toEqual({ ok: true, body });
  });

  test.each([
    [400, false],
    [503, false],
    [204, true],
  ])('status %d is ok: %p', (status, ok) => {
    expect(parseAnswer(bytes(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`))).toEqual({ ok, body: '' });
  });

  test.each([
    ['SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
  ])('%j is no answer of our daemon', (text) => {
    expect(() => parseAnswer(bytes(text))).toThrow('it does not answer as ipamd does');
  });
});
