// The page is embedded into the executable as text: `import text from '…' with { type: 'text' }`.
declare module '*.htm' {
  const text: string;
  export default text;
}
declare module '*.css' {
  const text: string;
  export default text;
}
declare module '*.js' {
  const text: string;
  export default text;
}
