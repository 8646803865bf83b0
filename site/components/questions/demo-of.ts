/** The run that a question is about: the next demo down the page that has the technique. */
export function demoOf(question: Element, technique: string): HTMLElement | undefined {
  return [...question.ownerDocument.querySelectorAll<HTMLElement>('push-demo')].find((each) => {
    const techniques = new URLSearchParams(each.dataset.settings).get('techniques') ?? '';
    const below = question.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
    return below !== 0 && techniques.split(',').includes(technique);
  });
}
