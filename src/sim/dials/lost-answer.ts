/**
 * An answer that never comes: Bun resets the connection of a response whose body fails before its first byte, so the
 * client has neither status nor headers and cannot know that the work was done.
 */
export function lostAnswer(): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        // Without a reason, which Bun would print.
        controller.error();
      },
    }),
  );
}
