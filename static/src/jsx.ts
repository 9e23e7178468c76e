// What the bundler puts where JSX stands.
export { Fragment, h } from 'preact'
