/** The pieces of a text in order: web addresses, and what stands between them. */
export function piecesOf(text: string): readonly { text: string; link: boolean }[] {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((piece, index) => ({ text: piece, link: index % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

/** The web addresses in a text, in order. */
export function linksIn(text: string): readonly string[] {
  return piecesOf(text)
    .filter((piece) => piece.link)
    .map((piece) => piece.text);
}
