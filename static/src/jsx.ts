// The JSX factory and fragment, which the bundler injects.
export { Fragment, h } from 'preact'
