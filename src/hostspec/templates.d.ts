// Templates are embedded into the executable as text: `import text from '…' with { type: 'text' }`.
declare module '*.conflist' {
  const text: string;
  export default text;
}
declare module '*.service' {
  const text: string;
  export default text;
}
declare module '*.conf' {
  const text: string;
  export default text;
}
declare module '*.network' {
  const text: string;
  export default text;
}
declare module '*.cfg' {
  const text: string;
  export default text;
}
declare module '*.yaml' {
  const text: string;
  export default text;
}
declare module '*.env' {
  const text: string;
  export default text;
}
declare module '*.sh' {
  const text: string;
  export default text;
}
