// The package's index loads some two hundred modules, which takes 50 ms of every start; the core uses only these three.
export { config } from 'rxjs/internal/config'
export { Observable } from 'rxjs/internal/Observable'
export { Subject } from 'rxjs/internal/Subject'
