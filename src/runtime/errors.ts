export { DomainError, FatalError } from '../../machines/shared/errors.js';
