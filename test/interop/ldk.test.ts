import { ldkDriver } from './drivers/ldk/driver.ts'
import { register } from './register.ts'

register(ldkDriver)
