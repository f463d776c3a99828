// The package's index loads some two hundred modules, 50 ms of every start; these three are what the core uses of it.
export { config } from 'rxjs/internal/config'
export { Observable } from 'rxjs/internal/Observable'
export { Subject } from 'rxjs/internal/Subject'
